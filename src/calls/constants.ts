/** Names of the kernel's numbers, as strace writes them. */

import { systemError } from "../base/errno.ts";
import { CONSTANTS } from "./uapi.generated.ts";

const byFamily = new Map<string, ReadonlyMap<number, string>>();

function namesOf(family: string): ReadonlyMap<number, string> {
  let names = byFamily.get(family);
  if (names === undefined) {
    const found = new Map<number, string>();
    for (const [number, name] of CONSTANTS[family] ?? [])
      if (!found.has(number)) found.set(number, name);
    names = found;
    byFamily.set(family, names);
  }
  return names;
}

/** Of families whose names begin otherwise, what strace writes for a number that has none. */
const PREFIXES: Readonly<Record<string, string>> = {
  clone: "CLONE",
  epollctl: "EPOLL_CTL",
  sigmask: "SIG",
  family: "AF",
  shutdown: "SHUT",
  sockopt: "SO",
  ipopt: "IP",
  ipv6opt: "IPV6",
  tcpopt: "TCP",
  socktype: "SOCK",
  madvise: "MADV",
  fadvise: "POSIX_FADV",
  fcntl: "F",
  prctl: "PR",
  idtype: "P",
  priority: "PRIO",
  membarrier: "MEMBARRIER_CMD",
  capability: "CAP",
  ambient: "PR_CAP_AMBIENT",
  lease: "F",
  itimer: "ITIMER",
  map: "MAP",
  mempolicy: "MPOL",
};

/** `SEEK_SET`; numbers without a name are hexadecimal, with a comment, as strace has them. */
export function constantText(family: string, value: number): string {
  const name = namesOf(family).get(value >>> 0);
  if (name !== undefined) return name;
  return `${hex(value)} /* ${PREFIXES[family] ?? family.toUpperCase()}_??? */`;
}

export function hasConstant(family: string, value: number): boolean {
  return namesOf(family).has(value >>> 0);
}

/** Flags that strace writes in another order than that of their bits. @see strace, src/xlat/ */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  open: [
    ...["O_CREAT", "O_EXCL", "O_NOCTTY", "O_TRUNC", "O_APPEND", "O_NONBLOCK", "O_SYNC", "O_DSYNC"],
    ...["O_DIRECT", "O_LARGEFILE", "O_NOFOLLOW", "O_NOATIME", "O_CLOEXEC", "O_PATH", "O_TMPFILE"],
    "O_DIRECTORY",
  ],
  map: [
    ...["MAP_FIXED", "MAP_ANONYMOUS", "MAP_32BIT", "MAP_NORESERVE", "MAP_POPULATE", "MAP_NONBLOCK"],
    "MAP_GROWSDOWN",
  ],
  access: ["R_OK", "W_OK", "X_OK"],
  at: ["AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC"],
  sockflag: ["SOCK_CLOEXEC", "SOCK_NONBLOCK"],
  eventfd: ["EFD_CLOEXEC", "EFD_NONBLOCK", "EFD_SEMAPHORE"],
};

/** Of a flag in what is written: those of `ORDERS` first, others by their bits. */
function place(family: string, flag: number, name: string): number {
  const at = ORDERS[family]?.indexOf(name) ?? -1;
  return at === -1 ? flag : at - 1000;
}

/** What 0 is called. */
const ZEROS: Readonly<Record<string, string>> = { prot: "PROT_NONE", access: "F_OK" };

/** `O_WRONLY|O_CREAT`; what has no name is added as a number; 0 is 0, or what the family calls it. */
export function flagsText(family: string, value: number): string {
  const names = namesOf(family);
  const wanted = value >>> 0;
  if (wanted === 0) return ZEROS[family] ?? "0";
  // Names of several bits, such as O_SYNC, stand for all of them.
  const flags = [...names].filter(([flag]) => flag !== 0).sort((a, b) => bits(b[0]) - bits(a[0]));
  let left = wanted;
  const found: (readonly [number, string])[] = [];
  for (const [flag, name] of flags) {
    if ((left & flag) >>> 0 !== flag) continue;
    found.push([flag, name]);
    left = (left & ~flag) >>> 0;
  }
  const texts = found
    .sort((a, b) => place(family, ...a) - place(family, ...b))
    .map(([, name]) => name);
  if (left === wanted) return hex(left);
  if (left !== 0) texts.push(hex(left));
  return texts.join("|");
}

function bits(value: number): number {
  return value.toString(2).replaceAll("0", "").length;
}

export function hex(value: number | bigint): string {
  const unsigned = BigInt.asUintN(
    typeof value === "number" && value < 0 && value > -(2 ** 31) ? 32 : 64,
    BigInt(value),
  );
  return `0x${unsigned.toString(16)}`;
}

/** `-1 ENOENT (No such file or directory)`; `undefined` for a result that is no error. */
export function errorText(result: number): string | undefined {
  const error = systemError(result);
  if (error === undefined) return undefined;
  const { name, text, isKernels } = error;
  if (isKernels) return text === "" ? `? ${name}` : `? ${name} (${text})`;
  return text === "" ? `-1 (${name})` : `-1 ${name} (${text})`;
}

/** `openat` of its number; x86_64's. */
export function callName(number: number): string | undefined {
  return namesOf("number").get(number)?.replace("__NR_", "");
}
