/** Arguments of system calls as text: flags, paths, descriptors, addresses. */

import { constantText, flagsText, hasConstant, hex } from "./constants.ts";
import { type Reading, readingOf } from "./readings.ts";

/** A recorded value: large integers are decimal texts. */
export type Recorded =
  | number
  | string
  | readonly Recorded[]
  | { readonly [name: string]: Recorded };

/** The file of a descriptor, where it is known. */
export type PathOf = (fd: number) => string | undefined;

/** @param name the argument's name in the call's prototype */
export function argumentText(call: string, name: string, value: Recorded, pathOf: PathOf): string {
  return textAs(readingOf(call, name), value, pathOf);
}

export function textAs(reading: Reading, value: Recorded, pathOf: PathOf): string {
  if (typeof value === "string" && !/^-?\d+$/.test(value)) return quoted(value);
  // A path of digits alone is a text still.
  if (typeof value === "string" && reading.as === "path") return quoted(value);
  if (typeof value === "object") return structureText(reading, value, pathOf);
  const number = Number(value);
  switch (reading.as) {
    case "flags":
      return flagsText(reading.family, number);
    case "constant":
      return constantText(reading.family, number);
    case "open":
      return openFlags(number);
    case "clone":
      return cloneFlags(number);
    case "socktype":
      return socketType(number);
    case "map":
      return mapFlags(number);
    case "mempolicy":
      return memoryPolicy(number);
    case "signal":
      return signalText(number);
    case "ioctl":
      return ioctlText(number);
    case "mode":
      return octal(number);
    case "filemode":
      return fileMode(number);
    case "statx":
      return statxFlags(number);
    case "ipc":
      return ipcFlags(number);
    case "key":
      return number === 0 ? "IPC_PRIVATE" : hex(number);
    case "fd":
      return descriptorText(number, pathOf);
    case "hex":
      return number === 0 ? "0" : hex(BigInt(value));
    case "signed":
      return String(number | 0);
    case "poll":
    case "epoll":
    case "path":
    case "pointer":
      return addressText(value);
    case "number":
      return String(value);
  }
}

/** `0644`, `022`, `000` */
export function octal(mode: number): string {
  return `0${(mode & 0xffff).toString(8)}`.replace(/^00$/, "0").padStart(3, "0");
}

const FILE_TYPES: Readonly<Record<number, string>> = {
  1: "S_IFIFO",
  2: "S_IFCHR",
  4: "S_IFDIR",
  6: "S_IFBLK",
  8: "S_IFREG",
  10: "S_IFLNK",
  12: "S_IFSOCK",
};
const MODE_BITS = [
  [0o4000, "S_ISUID"],
  [0o2000, "S_ISGID"],
  [0o1000, "S_ISVTX"],
] as const;

/** `S_IFREG|0644` @see inode(7) */
function fileMode(mode: number): string {
  const type = FILE_TYPES[(mode >> 12) & 0xf];
  if (type === undefined) return octal(mode);
  const set = MODE_BITS.filter(([bit]) => (mode & bit) !== 0).map(([, name]) => name);
  return [type, ...set, octal(mode & 0o777)].join("|");
}

const AT_FDCWD = -100;
/** What the kernel adds to the path of a file without one. */
const DELETED = " (deleted)";

export function descriptorText(fd: number, pathOf: PathOf): string {
  const signed = fd | 0;
  if (signed === AT_FDCWD) return "AT_FDCWD";
  const path = signed < 0 ? undefined : pathOf(signed);
  if (path === undefined) return String(signed);
  const isDeleted = path.endsWith(DELETED);
  const shown = isDeleted ? path.slice(0, -DELETED.length) : path;
  return `${signed}<${escaped(shown, /["\\<>]|[^ -~]/gu)}>${isDeleted ? "(deleted)" : ""}`;
}

export function addressText(value: number | string): string {
  return value === 0 || value === "0" ? "NULL" : hex(BigInt(value));
}

const ACCESS_MODES = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"] as const;

function openFlags(value: number): string {
  const mode = ACCESS_MODES[(value & 3) as 0 | 1 | 2 | 3];
  const others = (value & ~3) >>> 0;
  return others === 0 ? mode : `${mode}|${flagsText("open", others)}`;
}

function cloneFlags(value: number): string {
  const signal = value & 0xff;
  const rest = (value & ~0xff) >>> 0;
  return (
    [
      ...(rest === 0 ? [] : [flagsText("clone", rest)]),
      ...(signal === 0 ? [] : [signalText(signal)]),
    ].join("|") || "0"
  );
}

function socketType(value: number): string {
  const type = constantText("socktype", value & 0xf);
  const rest = value & ~0xf;
  return rest === 0 ? type : `${type}|${flagsText("sockflag", rest)}`;
}

const MAP_TYPE = 0xf;
const MAP_HUGETLB = 0x4_0000;
const MAP_HUGE_SHIFT = 26;

/** @see mmap(2): the upper six bits are the size of huge pages */
function mapFlags(value: number): string {
  const type = value & MAP_TYPE;
  const huge = (value & MAP_HUGETLB) === 0 ? 0 : value >>> MAP_HUGE_SHIFT;
  const rest = (huge === 0 ? value & ~MAP_TYPE : value & 0x3ff_ffff & ~MAP_TYPE) >>> 0;
  return [
    type === 0 ? "MAP_FILE" : constantText("map", type),
    ...(rest === 0 ? [] : [flagsText("map", rest)]),
    ...(huge === 0 ? [] : [`${huge}<<MAP_HUGE_SHIFT`]),
  ].join("|");
}

const MEMPOLICY_MODES = 0xe000;

function memoryPolicy(value: number): string {
  const policy = constantText("mempolicy", value & ~MEMPOLICY_MODES);
  const mode = value & MEMPOLICY_MODES;
  return mode === 0 ? policy : `${policy}|${flagsText("mempolicymode", mode)}`;
}

const STATX_SYNC = 0x6000;

/** How far a remote file's state is fetched comes first, and 0 has a name there. */
function statxFlags(value: number): string {
  if ((value & STATX_SYNC) !== 0) return flagsText("at", value);
  return value === 0 ? "AT_STATX_SYNC_AS_STAT" : `AT_STATX_SYNC_AS_STAT|${flagsText("at", value)}`;
}

/** `IPC_CREAT|0600` */
function ipcFlags(value: number): string {
  const flags = value & ~0o777;
  return flags === 0 ? octal(value) : `${flagsText("ipc", flags)}|${octal(value & 0o777)}`;
}

const FIRST_REALTIME = 32;
const LAST_REALTIME = 64;

/** `SIGINT`, `SIGRT_2`; 0 and what is no signal are numbers. */
export function signalText(signal: number): string {
  if (signal === FIRST_REALTIME) return "SIGRTMIN";
  if (signal > FIRST_REALTIME && signal <= LAST_REALTIME) return `SIGRT_${signal - FIRST_REALTIME}`;
  return hasConstant("signal", signal) ? constantText("signal", signal) : String(signal);
}

const IOCTL_DIRECTIONS = ["_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"] as const;

/** `TIOCGWINSZ`, `_IOC(_IOC_READ, 0xf6, 0x7, 0x8)` @see asm-generic/ioctl.h */
function ioctlText(command: number): string {
  if (hasConstant("ioctl", command)) return constantText("ioctl", command);
  const direction = IOCTL_DIRECTIONS[(command >>> 30) as 0 | 1 | 2 | 3];
  const parts = [(command >>> 8) & 0xff, command & 0xff, (command >>> 16) & 0x3fff];
  return `_IOC(${[direction, ...parts.map((part) => (part === 0 ? "0" : hex(part)))].join(", ")})`;
}

function structureText(
  reading: Reading,
  value: Exclude<Recorded, number | string>,
  pathOf: PathOf,
): string {
  if (isList(value)) return `[${value.map((one) => memberText(reading, one, pathOf)).join(", ")}]`;
  if (reading.as === "poll") return polledText("events", value, pathOf);
  if (reading.as === "epoll") return epolledText(value);
  const members = Object.entries(value).map(([name, one]) => `${name}=${plainText(one)}`);
  return `{${members.join(", ")}}`;
}

function isList(value: Recorded): value is readonly Recorded[] {
  return Array.isArray(value);
}

function memberText(reading: Reading, value: Recorded, pathOf: PathOf): string {
  if (typeof value === "object") return structureText(reading, value, pathOf);
  return reading.as === "fd" ? descriptorText(Number(value), pathOf) : plainText(value);
}

type Structure = Readonly<Record<string, Recorded>>;

/** `{fd=3<socket>, events=POLLIN}` */
export function polledText(
  what: "events" | "revents",
  { fd = 0, raw_events: raw = 0 }: Structure,
  pathOf: PathOf,
): string {
  const descriptor = descriptorText(Number(fd), pathOf);
  return `{fd=${descriptor}, ${what}=${flagsText("poll", Number(raw))}}`;
}

/** `{events=EPOLLIN, data={u32=7, u64=7}}` */
function epolledText({ raw_events: raw = 0, data_union: data = {} }: Structure): string {
  const wide = (data as Structure)["u64"] ?? 0;
  const u64 = BigInt.asUintN(64, BigInt(wide as number | string));
  const u32 = BigInt.asUintN(32, u64);
  return `{events=${flagsText("epoll", Number(raw))}, data={u32=${u32}, u64=${u64}}}`;
}

function plainText(value: Recorded): string {
  if (isList(value)) return `[${value.map(plainText).join(", ")}]`;
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, one]) => `${name}=${plainText(one)}`)
      .join(", ")}}`;
  return typeof value === "number" || /^-?\d+$/.test(value) ? String(value) : quoted(value);
}

/** As strace writes strings: C escapes, octal where there is no short one. */
export function quoted(text: string): string {
  return `"${escaped(text, /["\\]|[^ -~]/gu)}"`;
}

const SHORT: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
  "\v": "\\v",
  "\f": "\\f",
  '"': '\\"',
  "\\": "\\\\",
};

/** strace shortens octal escapes where no digit follows. */
function escaped(text: string, characters: RegExp): string {
  return text.replaceAll(characters, (character, at: number) => {
    const short = SHORT[character];
    if (short !== undefined) return short;
    const after = text.charAt(at + character.length);
    const bytes = [...Buffer.from(character)];
    return bytes
      .map((byte, i) => {
        const digits = byte.toString(8);
        const isBeforeDigit = i + 1 === bytes.length && /[0-9]/.test(after);
        return `\\${isBeforeDigit ? digits.padStart(3, "0") : digits}`;
      })
      .join("");
  });
}
