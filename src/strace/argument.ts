/** Arguments of system calls as text: flags, paths, descriptors, addresses. */

import { constantText, flagsText, hasConstant, hex } from "./constants.ts";
import { CALLS } from "./uapi.generated.ts";

/** A recorded value: large integers are decimal texts. */
export type Recorded =
  | number
  | string
  | readonly Recorded[]
  | { readonly [name: string]: Recorded };

/** How a value is read: a family of constants as flags or as one, or a kind. */
type Reading =
  | { readonly as: "flags" | "constant"; readonly family: string }
  | {
      readonly as:
        | "open"
        | "clone"
        | "futex"
        | "socktype"
        | "mode"
        | "fd"
        | "path"
        | "pointer"
        | "number";
    };

const flags = (family: string): Reading => ({ as: "flags", family });
const constant = (family: string): Reading => ({ as: "constant", family });

/** What the headers do not say: which constants an argument takes. `*` is any call. */
const READINGS: Readonly<Record<string, Reading>> = {
  "open.flags": { as: "open" },
  "openat.flags": { as: "open" },
  "pipe2.flags": flags("open"),
  "dup3.flags": flags("open"),
  "eventfd2.flags": flags("open"),
  "epoll_create1.flags": flags("open"),
  "inotify_init1.flags": flags("open"),
  "timerfd_create.flags": flags("open"),
  "memfd_create.flags": flags("memfd"),
  "mmap.prot": flags("prot"),
  "mprotect.prot": flags("prot"),
  "mmap.flags": flags("map"),
  "mremap.flags": flags("mremap"),
  "msync.flags": flags("msync"),
  "madvise.behavior": constant("madvise"),
  "clone.flags": { as: "clone" },
  "clone.clone_flags": { as: "clone" },
  "unshare.unshare_flags": flags("clone"),
  "setns.nstype": flags("clone"),
  "*.sig": constant("signal"),
  "rt_sigprocmask.how": constant("sigmask"),
  "socket.family": constant("family"),
  "socketpair.family": constant("family"),
  "socket.type": { as: "socktype" },
  "socketpair.type": { as: "socktype" },
  "accept4.flags": flags("sockflag"),
  "sendto.flags": flags("msg"),
  "recvfrom.flags": flags("msg"),
  "sendmsg.flags": flags("msg"),
  "recvmsg.flags": flags("msg"),
  "shutdown.how": constant("shutdown"),
  "setsockopt.optname": constant("sockopt"),
  "getsockopt.optname": constant("sockopt"),
  "lseek.whence": constant("seek"),
  "access.mode": flags("access"),
  "faccessat.mode": flags("access"),
  "newfstatat.flag": flags("at"),
  "unlinkat.flag": flags("at"),
  "fchownat.flag": flags("at"),
  "linkat.flags": flags("at"),
  "statx.flags": flags("at"),
  "utimensat.flags": flags("at"),
  "fcntl.cmd": constant("fcntl"),
  "ioctl.cmd": constant("ioctl"),
  "wait4.options": flags("wait"),
  "waitid.options": flags("wait"),
  "prlimit64.resource": constant("rlimit"),
  "getrlimit.resource": constant("rlimit"),
  "setrlimit.resource": constant("rlimit"),
  "futex.op": { as: "futex" },
  "epoll_ctl.op": constant("epollctl"),
  "*.which_clock": constant("clock"),
  "timerfd_create.clockid": constant("clock"),
  "prctl.option": constant("prctl"),
  "getrandom.flags": flags("random"),
  "mount.flags": flags("mount"),
  "umount.flags": flags("umount"),
  "umask.mask": { as: "mode" },
  "prctl.arg2": { as: "pointer" },
  "prctl.arg3": { as: "pointer" },
  "prctl.arg4": { as: "pointer" },
  "prctl.arg5": { as: "pointer" },
  "arch_prctl.option": { as: "pointer" },
  "arch_prctl.arg2": { as: "pointer" },
  "*.mode": { as: "mode" },
  "*.filename": { as: "path" },
  "*.pathname": { as: "path" },
  "*.path": { as: "path" },
  "*.fd": { as: "fd" },
  "*.dfd": { as: "fd" },
};

/** Fields that hold addresses, of calls without a prototype. */
const ADDRESSES =
  /^(addr|brk|.*ptr|act|oact|nset|oset|new_addr|old_addr|new_addr|start|newsp|parent_tid|child_tid|parent_tidptr|child_tidptr|tls|buf|buff|ubuf|uservaddr|upeer_sockaddr|arg|argv|envp|rqtp|rmtp)$/;

function readingOf(call: string, name: string): Reading {
  const own = READINGS[`${call}.${name}`] ?? READINGS[`*.${name}`];
  if (own !== undefined) return own;
  const kind = CALLS[call]?.find(([argument]) => argument === name)?.[1];
  if (kind === "fd" || kind === "path" || kind === "pointer" || kind === "mode")
    return { as: kind };
  return { as: ADDRESSES.test(name) ? "pointer" : "number" };
}

/** @param pathOf the file of a descriptor, where it is known */
export function argumentText(
  call: string,
  name: string,
  value: Recorded,
  pathOf: (fd: number) => string | undefined,
): string {
  const reading = readingOf(call, name);
  if (typeof value === "string" && !/^-?\d+$/.test(value)) return quoted(value);
  // A path of digits alone is a text still.
  if (typeof value === "string" && reading.as === "path") return quoted(value);
  if (typeof value === "object") return structureText(value);
  const number = Number(value);
  switch (reading.as) {
    case "flags":
      return flagsText(reading.family, number);
    case "constant":
      return hasConstant(reading.family, number) || reading.family === "ioctl"
        ? constantText(reading.family, number)
        : String(value);
    case "open":
      return openFlags(number);
    case "clone":
      return cloneFlags(number);
    case "futex":
      return futexOperation(number);
    case "socktype":
      return socketType(number);
    case "mode":
      return octal(number);
    case "fd":
      return descriptorText(number, pathOf);
    case "path":
    case "pointer":
      return addressText(value);
    case "number":
      return String(value);
  }
}

/** `0644`; 0 is 0. */
export function octal(mode: number): string {
  return `0${(mode & 0xffff).toString(8)}`.replace(/^00$/, "0");
}

const AT_FDCWD = -100;

export function descriptorText(fd: number, pathOf: (fd: number) => string | undefined): string {
  const signed = fd | 0;
  if (signed === AT_FDCWD) return "AT_FDCWD";
  const path = signed < 0 ? undefined : pathOf(signed);
  return path === undefined ? String(signed) : `${signed}<${escaped(path)}>`;
}

export function addressText(value: number | string): string {
  return value === 0 || value === "0" ? "NULL" : hex(BigInt(value));
}

const ACCESS_MODES = ["O_RDONLY", "O_WRONLY", "O_RDWR"];

function openFlags(value: number): string {
  const mode = ACCESS_MODES[value & 3] ?? "O_ACCMODE";
  const others = (value & ~3) >>> 0;
  return others === 0 ? mode : `${mode}|${flagsText("open", others)}`;
}

function cloneFlags(value: number): string {
  const signal = value & 0xff;
  const rest = (value & ~0xff) >>> 0;
  return (
    [
      ...(rest === 0 ? [] : [flagsText("clone", rest)]),
      ...(signal === 0 ? [] : [constantText("signal", signal)]),
    ].join("|") || "0"
  );
}

const FUTEX_PRIVATE = 128;
const FUTEX_CLOCK_REALTIME = 256;

/** @see linux/futex.h */
function futexOperation(value: number): string {
  const name = constantText("futex", value & 0x7f);
  const isPrivate = (value & FUTEX_PRIVATE) !== 0 ? "_PRIVATE" : "";
  return `${name}${isPrivate}${(value & FUTEX_CLOCK_REALTIME) !== 0 ? "|FUTEX_CLOCK_REALTIME" : ""}`;
}

function socketType(value: number): string {
  const type = constantText("socktype", value & 0xf);
  const rest = value & ~0xf;
  return rest === 0 ? type : `${type}|${flagsText("sockflag", rest)}`;
}

function structureText(value: Exclude<Recorded, number | string>): string {
  if (Array.isArray(value)) return `[${value.map((one) => plainText(one)).join(", ")}]`;
  const polled = polledText(value as Readonly<Record<string, Recorded>>);
  if (polled !== undefined) return polled;
  const members = Object.entries(value).map(([name, one]) => `${name}=${plainText(one)}`);
  return `{${members.join(", ")}}`;
}

/** What `poll` and `epoll_wait` say of a descriptor: LTTng records each bit as a field. */
function polledText(value: Readonly<Record<string, Recorded>>): string | undefined {
  const { fd, data_union: data, events, raw_events: raw } = value;
  if (typeof events !== "object" || Array.isArray(events) || raw === undefined) return undefined;
  const bits = Object.entries(events).filter(
    ([name, bit]) => Number(bit) !== 0 && name !== "padding",
  );
  const text = bits.length === 0 ? hex(Number(raw)) : bits.map(([name]) => name).join("|");
  if (data === undefined) return `{fd=${String(fd)}, events=${text}}`;
  const { u64 = 0 } = data as Readonly<Record<string, Recorded>>;
  return `{events=${text}, data=${addressText(String(u64)).replace("NULL", "0")}}`;
}

function plainText(value: Recorded): string {
  if (typeof value === "object") return structureText(value);
  return typeof value === "number" || /^-?\d+$/.test(value) ? String(value) : quoted(value);
}

/** As strace writes strings: C escapes, octal where there is no short one. */
export function quoted(text: string): string {
  return `"${escaped(text)}"`;
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

function escaped(text: string): string {
  return text.replaceAll(/["\\]|[^ -~]/gu, (character) => {
    const short = SHORT[character];
    if (short !== undefined) return short;
    return [...Buffer.from(character)]
      .map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
      .join("");
  });
}
