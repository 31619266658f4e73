/** One system call as a line in strace's grammar: `openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3</etc/passwd>`. */

import { addressText, argumentText, descriptorText, octal, type Recorded } from "./argument.ts";
import { errorText, hex } from "./constants.ts";
import { CALLS } from "./uapi.generated.ts";

export type Fields = Readonly<Record<string, Recorded>>;

/** A call as far as it is recorded. */
export interface Call {
  readonly name: string;
  readonly entry: Fields | undefined;
  readonly exit: Fields | undefined;
}

/** Orders that no prototype says: the headers have types alone. */
const ORDERS: Readonly<Record<string, readonly string[]>> = {
  rt_sigaction: ["sig", "act", "oact", "sigsetsize"],
  rt_sigprocmask: ["how", "nset", "oset", "sigsetsize"],
  rt_sigtimedwait: ["uthese", "uinfo", "uts", "sigsetsize"],
  accept: ["fd", "upeer_sockaddr", "upeer_addrlen"],
  accept4: ["fd", "upeer_sockaddr", "upeer_addrlen", "flags"],
  sendto: ["fd", "buff", "len", "flags", "addr", "addr_len"],
  recvfrom: ["fd", "ubuf", "size", "flags", "addr", "addr_len"],
  wait4: ["upid", "stat_addr", "options", "ru"],
  prlimit64: ["pid", "resource", "new_rlim", "old_rlim"],
  pread64: ["fd", "buf", "count", "pos"],
  poll: ["fds", "nfds", "timeout_msecs"],
  ppoll: ["fds", "nfds", "tsp", "sigmask", "sigsetsize"],
  epoll_wait: ["epfd", "fds", "maxevents", "timeout"],
  epoll_pwait: ["epfd", "fds", "maxevents", "timeout", "sigmask", "sigsetsize"],
  arch_prctl: ["option", "arg2"],
  rt_sigreturn: [],
  vfork: [],
};

/** Of several values from outside the registers, what belongs into an address's place. */
const SOCKET_FIELDS =
  /^(family|dport|sport|_?v4addr(_length)?|_?v6addr(_length)?|_v[46]addr_length)$/;
const RETURNS_FD =
  /^(open|openat|openat2|creat|dup|dup2|dup3|socket|accept|accept4|epoll_create|epoll_create1|eventfd|eventfd2|timerfd_create|signalfd|signalfd4|inotify_init|inotify_init1|memfd_create|pidfd_open|perf_event_open)$/;
const RETURNS_ADDRESS = /^(mmap|mmap_pgoff|brk|mremap|shmat)$/;

/** What LTTng adds to a call to describe another field. */
const DESCRIBES = /^(overflow|fds_length|.*_length)$/;

/** Arguments in the order of the call: those of its prototype, others behind what they were recorded behind. */
export function orderedArguments({
  name,
  entry,
  exit,
}: Call): readonly (readonly [string, Recorded])[] {
  const order = ORDERS[name] ?? CALLS[name]?.map(([argument]) => argument) ?? [];
  const raw = entry?.["args"];
  // LTTng has no table for the call: its registers.
  if (entry?.["id"] !== undefined && Array.isArray(raw))
    return order.map((argument, i) => [argument, (raw[i] ?? 0) as Recorded]);
  const recorded = new Map<string, Recorded>();
  for (const fields of [entry, exit])
    for (const [field, value] of Object.entries(fields ?? {}))
      if (
        field !== "ret" &&
        !field.startsWith("_") &&
        !recorded.has(field) &&
        !DESCRIBES.test(field)
      )
        recorded.set(field, value);
  let before = -1;
  const placed = [...recorded].map(([field, value]) => {
    const at = order.indexOf(field);
    before = at === -1 ? before + 0.01 : at;
    return { field, value, place: before };
  });
  return placed.sort((a, b) => a.place - b.place).map(({ field, value }) => [field, value]);
}

export function argumentsText(call: Call, pathOf: (fd: number) => string | undefined): string {
  const { name } = call;
  const ordered = orderedArguments(call);
  const fields = Object.fromEntries(ordered);
  if (name === "clone") return cloneText(fields);
  if (name === "fcntl") return fcntlText(fields, pathOf);
  const hasAddress = ordered.some(([field]) => ADDRESS_FIELD.test(field));
  const address = hasAddress ? socketAddress(fields) : undefined;
  return ordered
    .filter(([field]) => address === undefined || !SOCKET_FIELDS.test(field))
    .filter(([field]) => field !== "mode" || !/^open(at)?$/.test(name) || creates(ordered))
    .map(([field, value]) =>
      address !== undefined && ADDRESS_FIELD.test(field)
        ? address
        : argumentText(name, field, value, pathOf),
    )
    .join(", ");
}

const ADDRESS_FIELD = /sockaddr|uservaddr/;

const NO_PATH = (): undefined => undefined;
const CLONE_PARENT_SETTID = 0x0010_0000;
const CLONE_CHILD_TIDS = 0x0120_0000;

/** Its arguments have names, since their order depends on the machine. */
function cloneText(fields: Fields): string {
  const flags = Number(fields["flags"] ?? fields["clone_flags"] ?? 0);
  const address = (field: string): string => addressText((fields[field] as number | string) ?? 0);
  return [
    `child_stack=${address("newsp")}`,
    `flags=${argumentText("clone", "flags", flags, NO_PATH)}`,
    ...((flags & CLONE_PARENT_SETTID) !== 0 ? [`parent_tid=${address("parent_tid")}`] : []),
    ...((flags & CLONE_CHILD_TIDS) !== 0 ? [`child_tidptr=${address("child_tid")}`] : []),
  ].join(", ");
}

/** @see fcntl(2): what each command takes */
function fcntlText(fields: Fields, pathOf: (fd: number) => string | undefined): string {
  const { fd = 0, cmd = 0, arg = 0 } = fields;
  const command = argumentText("fcntl", "cmd", cmd, NO_PATH);
  const head = `${argumentText("fcntl", "fd", fd, pathOf)}, ${command}`;
  const value = Number(arg);
  if (/^F_(GETFD|GETFL|GETOWN|GETSIG|GETLEASE|GETPIPE_SZ|GET_SEALS)$/.test(command)) return head;
  if (command === "F_SETFD") return `${head}, ${value === 1 ? "FD_CLOEXEC" : value}`;
  if (command === "F_SETFL") return `${head}, ${argumentText("open", "flags", arg, NO_PATH)}`;
  return `${head}, ${/LK|OWNER_EX/.test(command) ? addressText(arg as number) : value}`;
}

const O_CREAT = 0o100;
const O_TMPFILE = 0o20000000;

/** A mode means nothing unless a file is made. */
function creates(fields: readonly (readonly [string, Recorded])[]): boolean {
  const flags = Number(fields.find(([field]) => field === "flags")?.[1] ?? 0);
  return (flags & (O_CREAT | O_TMPFILE)) !== 0;
}

/** `{sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("127.0.0.1")}` */
function socketAddress(fields: Fields): string | undefined {
  const { family, v4addr, dport, sport } = fields;
  if (family === undefined) return undefined;
  const port = Number(dport ?? sport ?? 0);
  const name = argumentText("socket", "family", family, () => undefined);
  if (Array.isArray(v4addr) && v4addr.length === 4)
    return `{sa_family=${name}, sin_port=htons(${port}), sin_addr=inet_addr("${v4addr.join(".")}")}`;
  return `{sa_family=${name}}`;
}

/** What stands behind ` = `. */
export function resultText(
  { name, entry }: Call,
  result: Recorded,
  pathOf: (fd: number) => string | undefined,
): string {
  const value = typeof result === "object" ? 0 : result;
  const number = Number(value);
  const error = errorText(number);
  if (error !== undefined) return error;
  if (RETURNS_ADDRESS.test(name)) return addressText(value).replace("NULL", "0");
  if (name === "fcntl") return fcntlResult(Number(entry?.["cmd"] ?? -1), number, pathOf);
  if (name === "umask") return octal(number);
  return RETURNS_FD.test(name) ? descriptorText(number, pathOf) : String(value);
}

function fcntlResult(
  command: number,
  result: number,
  pathOf: (fd: number) => string | undefined,
): string {
  switch (argumentText("fcntl", "cmd", command, NO_PATH)) {
    case "F_DUPFD":
    case "F_DUPFD_CLOEXEC":
      return descriptorText(result, pathOf);
    case "F_GETFD":
      return result === 1 ? "0x1 (flags FD_CLOEXEC)" : String(result);
    case "F_GETFL":
      return `${hex(result)} (flags ${argumentText("open", "flags", result, NO_PATH)})`;
    default:
      return String(result);
  }
}

/** `<0.000123>` */
export function durationText(ns: bigint): string {
  const micros = (ns + 500n) / 1000n;
  return `<${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, "0")}>`;
}
