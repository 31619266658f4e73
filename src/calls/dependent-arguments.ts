/** Calls in which one argument decides how others are read, or whether they are any: `fcntl`, `futex`, `prctl`, `clone` … */

import {
  addressText,
  argumentText,
  descriptorText,
  type PathOf,
  type Recorded,
  signalText,
} from "./argument.ts";
import { constantText, flagsText, hasConstant, hex } from "./constants.ts";

/** Recorded values by the names of the prototype's arguments. */
export type Arguments = Readonly<Record<string, Recorded>>;
type Writer = (values: Arguments, pathOf: PathOf) => readonly string[];

/** Texts of the arguments that are shown, by call; what is not here is read argument by argument. */
export const DEPENDENT: Readonly<Record<string, Writer>> = {
  clone: cloneArguments,
  fcntl: fcntlArguments,
  futex: futexArguments,
  prctl: prctlArguments,
  mremap: mremapArguments,
  membarrier: ({ cmd = 0, flags = 0 }) => [
    constantText("membarrier", Number(cmd)),
    Number(flags) === 0 ? "0" : hex(Number(flags)),
  ],
  socket: ({ family = 0, type = 0, protocol = 0 }) => [
    constantText("family", Number(family)),
    argumentText("socket", "type", type, noPath),
    protocolText(Number(family), Number(type), Number(protocol)),
  ],
  setsockopt: (values, pathOf) => [
    ...optionArguments(values, pathOf),
    String(values["optlen"] ?? 0),
  ],
  getsockopt: (values, pathOf) => [
    ...optionArguments(values, pathOf),
    ...("optlen" in values ? [address(values["optlen"])] : []),
  ],
  waitid: waitidArguments,
  mknod: deviceArguments("mknod", ["filename"]),
  mknodat: deviceArguments("mknodat", ["dfd", "filename"]),
};

const noPath: PathOf = () => undefined;

function address(value: Recorded | undefined): string {
  return typeof value === "number" || typeof value === "string" ? addressText(value) : "NULL";
}

/** Registers as strace writes those of an argument that it does not know. */
function raw(value: Recorded | undefined): string {
  return address(value).replace("NULL", "0");
}

const CLONE_PARENT_SETTID = 0x0010_0000;
const CLONE_PIDFD = 0x1000;
const CLONE_SETTLS = 0x0008_0000;
const CLONE_CHILD_TIDS = 0x0120_0000;

/** Its arguments have names, since their order depends on the machine. */
function cloneArguments(values: Arguments): readonly string[] {
  const flags = Number(values["flags"] ?? 0);
  const has = (bits: number): boolean => (flags & bits) !== 0;
  return [
    `child_stack=${address(values["newsp"])}`,
    `flags=${argumentText("clone", "flags", flags, noPath)}`,
    ...(has(CLONE_PARENT_SETTID | CLONE_PIDFD)
      ? [`parent_tid=${address(values["parent_tid"])}`]
      : []),
    ...(has(CLONE_SETTLS) && "tls" in values ? [`tls=${raw(values["tls"])}`] : []),
    ...(has(CLONE_CHILD_TIDS) ? [`child_tidptr=${address(values["child_tid"])}`] : []),
  ];
}

/** @see fcntl(2): what each command takes */
function fcntlArguments(values: Arguments, pathOf: PathOf): readonly string[] {
  const { fd = 0, cmd = 0, arg = 0 } = values;
  const command = constantText("fcntl", Number(cmd));
  const head = [descriptorText(Number(fd), pathOf), command];
  const value = Number(arg);
  switch (command) {
    case "F_GETFD":
    case "F_GETFL":
    case "F_GETOWN":
    case "F_GETSIG":
    case "F_GETLEASE":
    case "F_GETPIPE_SZ":
    case "F_GET_SEALS":
      return head;
    case "F_SETFD":
      return [...head, value === 1 ? "FD_CLOEXEC" : value === 0 ? "0" : hex(value)];
    case "F_SETFL":
      return [...head, argumentText("open", "flags", arg, noPath)];
    case "F_SETSIG":
      return [...head, signalText(value)];
    case "F_SETLEASE":
      return [...head, constantText("lease", value)];
    case "F_NOTIFY":
      return [...head, flagsText("notify", value)];
    case "F_ADD_SEALS":
      return [...head, flagsText("seal", value)];
    case "F_DUPFD":
    case "F_DUPFD_CLOEXEC":
    case "F_SETOWN":
    case "F_SETPIPE_SZ":
      return [...head, String(value)];
    default:
      return [...head, /LK|_EX|_HINT|UIDS/.test(command) ? address(arg) : raw(arg)];
  }
}

const FUTEX_COMMAND = 0x7f;
const FUTEX_PRIVATE = 128;
const FUTEX_CLOCK_REALTIME = 256;
const MATCH_ANY = 0xffff_ffff;

/** @see linux/futex.h */
function futexArguments(values: Arguments): readonly string[] {
  const { uaddr = 0, op = 0, val = 0, utime = 0, uaddr2 = 0, val3 = 0 } = values;
  const code = Number(op);
  const command = constantText("futex", code & FUTEX_COMMAND);
  const isKnown = hasConstant("futex", code & FUTEX_COMMAND);
  const isPrivate = isKnown && (code & FUTEX_PRIVATE) !== 0 ? "_PRIVATE" : "";
  const clock = isKnown && (code & FUTEX_CLOCK_REALTIME) !== 0 ? "|FUTEX_CLOCK_REALTIME" : "";
  const head = [
    address(uaddr),
    isKnown ? `${command}${isPrivate}${clock}` : constantText("futex", code),
  ];
  const count = String(Number(val) >>> 0);
  const bits = Number(val3) >>> 0;
  const mask = bits === MATCH_ANY ? "FUTEX_BITSET_MATCH_ANY" : raw(bits);
  // In this place some commands have a number, not an address.
  const second = String(Number(BigInt.asUintN(32, BigInt(utime as number | string))));
  switch (command) {
    case "FUTEX_WAIT":
      return [...head, count, address(utime)];
    case "FUTEX_WAKE":
    case "FUTEX_FD":
      return [...head, count];
    case "FUTEX_WAIT_BITSET":
      return [...head, count, address(utime), mask];
    case "FUTEX_WAKE_BITSET":
      return [...head, count, mask];
    case "FUTEX_REQUEUE":
      return [...head, count, second, address(uaddr2)];
    case "FUTEX_CMP_REQUEUE":
    case "FUTEX_CMP_REQUEUE_PI":
      return [...head, count, second, address(uaddr2), String(bits)];
    case "FUTEX_WAKE_OP":
      return [...head, count, second, address(uaddr2), wakeOperation(bits)];
    case "FUTEX_WAIT_REQUEUE_PI":
      return [...head, count, address(utime), address(uaddr2)];
    case "FUTEX_LOCK_PI":
    case "FUTEX_LOCK_PI2":
      return [...head, address(utime)];
    case "FUTEX_UNLOCK_PI":
    case "FUTEX_TRYLOCK_PI":
      return head;
    default:
      return [...head, count, raw(utime), address(uaddr2), raw(bits)];
  }
}

const WAKE_OPERATIONS = ["SET", "ADD", "OR", "ANDN", "XOR"];
const WAKE_COMPARISONS = ["EQ", "NE", "LT", "LE", "GT", "GE"];

/** @see futex(2), FUTEX_WAKE_OP */
function wakeOperation(bits: number): string {
  const operation = (bits >>> 28) & 7;
  const shift = (bits >>> 28) & 8 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "";
  const name = (names: readonly string[], i: number, prefix: string): string =>
    names[i] === undefined ? `${hex(i)} /* ${prefix}_??? */` : `${prefix}_${names[i]}`;
  const comparison = name(WAKE_COMPARISONS, (bits >>> 24) & 0xf, "FUTEX_OP_CMP");
  const [argument, compared] = [(bits >>> 12) & 0xfff, bits & 0xfff];
  const shown = (value: number): string => (value === 0 ? "0" : hex(value));
  return `${shift}${name(WAKE_OPERATIONS, operation, "FUTEX_OP")}<<28|${shown(argument)}<<12|${comparison}<<24|${shown(compared)}`;
}

/** Options without an argument beside their number; those of `VALUES` have one. */
const BARE = /^PR_GET_(DUMPABLE|KEEPCAPS|SECCOMP|TIMERSLACK|TIMING|SECUREBITS)$/;
/** Options that the kernel has check the other registers, so that strace shows all. */
const CHECKED = /^PR_(SET|GET)_(NO_NEW_PRIVS|THP_DISABLE)$/;
const VALUES: Readonly<Record<string, (value: number) => string>> = {
  PR_SET_PDEATHSIG: signalText,
  PR_SET_DUMPABLE: (value) => dumpable(value) ?? String(value),
  PR_CAPBSET_READ: (value) => constantText("capability", value),
  PR_CAPBSET_DROP: (value) => constantText("capability", value),
  PR_SET_KEEPCAPS: String,
  PR_SET_TIMERSLACK: String,
  PR_SET_CHILD_SUBREAPER: String,
};
const ADDRESSED = /^PR_(SET_NAME|GET_NAME|GET_PDEATHSIG|GET_CHILD_SUBREAPER|GET_TID_ADDRESS)$/;

/** Whether a process leaves a core file. @see linux/sched/coredump.h */
export function dumpable(value: number): string | undefined {
  return ["SUID_DUMP_DISABLE", "SUID_DUMP_USER", "SUID_DUMP_ROOT"][value];
}

/** @see prctl(2) */
function prctlArguments(values: Arguments): readonly string[] {
  const option = constantText("prctl", Number(values["option"] ?? 0));
  const numbers = ["arg2", "arg3", "arg4", "arg5"].map((name) => values[name] ?? 0);
  const [second = 0, third = 0, fourth = 0, fifth = 0] = numbers;
  if (BARE.test(option)) return [option];
  if (ADDRESSED.test(option)) return [option, address(second)];
  const one = VALUES[option];
  if (one !== undefined) return [option, one(Number(second))];
  if (CHECKED.test(option)) return [option, ...numbers.map((value) => String(value))];
  if (option === "PR_CAP_AMBIENT") {
    const action = constantText("ambient", Number(second));
    return [option, action, constantText("capability", Number(third)), raw(fourth), raw(fifth)];
  }
  if (option === "PR_SET_VMA") {
    const what = constantText("vma", Number(second));
    return [option, what, address(third), String(fourth), address(fifth)];
  }
  return [option, ...numbers.map(raw)];
}

const MREMAP_NEW_ADDRESS = 2 | 4;

function mremapArguments(values: Arguments): readonly string[] {
  const { addr = 0, old_len: before = 0, new_len: after = 0, flags = 0, new_addr: to = 0 } = values;
  return [
    address(addr),
    String(before),
    String(after),
    flagsText("mremap", Number(flags)),
    ...((Number(flags) & MREMAP_NEW_ADDRESS) !== 0 ? [address(to)] : []),
  ];
}

function protocolText(family: number, type: number, protocol: number): string {
  switch (constantText("family", family)) {
    case "AF_INET":
    case "AF_INET6":
      return constantText("ipproto", protocol);
    case "AF_NETLINK":
      return constantText("netlink", protocol);
    case "AF_PACKET":
      return packetProtocol(type, protocol);
    default:
      return String(protocol);
  }
}

const SOCK_TYPE = 0xf;
const ALL_PROTOCOLS = 3;

/** In network order. @see packet(7) */
function packetProtocol(type: number, protocol: number): string {
  const number = ((protocol & 0xff) << 8) | ((protocol >>> 8) & 0xff);
  const isRaw = constantText("socktype", type & SOCK_TYPE) !== "SOCK_PACKET";
  if (isRaw && number === ALL_PROTOCOLS) return "htons(ETH_P_ALL)";
  return `htons(${number === 0 ? "0" : hex(number)})`;
}

const OPTIONS: Readonly<Record<string, string>> = {
  SOL_SOCKET: "sockopt",
  SOL_IP: "ipopt",
  SOL_IPV6: "ipv6opt",
  SOL_TCP: "tcpopt",
};

/** The level says whose the option is. */
function optionArguments(values: Arguments, pathOf: PathOf): readonly string[] {
  const { fd = 0, level = 0, optname = 0, optval } = values;
  const isKnown = hasConstant("sol", Number(level));
  const name = isKnown ? constantText("sol", Number(level)) : `${hex(Number(level))} /* SOL_?? */`;
  const family = OPTIONS[name];
  return [
    descriptorText(Number(fd), pathOf),
    name,
    family === undefined ? String(optname) : constantText(family, Number(optname)),
    ...(optval === undefined ? [] : [address(optval)]),
  ];
}

function waitidArguments(values: Arguments, pathOf: PathOf): readonly string[] {
  const { which = 0, pid = 0, options = 0 } = values;
  const type = constantText("idtype", Number(which));
  return [
    type,
    type === "P_PIDFD" ? descriptorText(Number(pid), pathOf) : String(pid),
    address(values["infop"]),
    argumentText("waitid", "options", options, noPath),
    address(values["ru"]),
  ];
}

/** Device numbers belong to devices only. */
function deviceArguments(call: string, before: readonly string[]): Writer {
  return (values, pathOf) => {
    const mode = argumentText(call, "mode", values["mode"] ?? 0, pathOf);
    const device = Number(values["dev"] ?? 0);
    const [major, minor] = [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xfff00)];
    const numbers = [major, minor].map((part) => (part === 0 ? "0" : hex(part)));
    return [
      ...before.map((name) => argumentText(call, name, values[name] ?? 0, pathOf)),
      mode,
      ...(/^S_IF(CHR|BLK)/.test(mode) ? [`makedev(${numbers.join(", ")})`] : []),
    ];
  };
}
