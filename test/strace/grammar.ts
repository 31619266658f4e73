/** A small grammar of strace's lines: for each call, what stands in the place of each argument and of the result. */

/** What stands in a place; `name:` makes a constant of such a beginning, `name|` flags. */
const PLACES: Readonly<Record<string, string>> = {
  int: String.raw`-?\d+`,
  uint: String.raw`\d+`,
  hex: "(?:0|0x[0-9a-f]+)",
  ptr: "(?:NULL|0x[0-9a-f]+)",
  fd: String.raw`(?:-1|\d+(?:<[^<>]+>(?:\(deleted\))?)?)`,
  // A descriptor that a call has just made has a name, unless its path could not be read.
  newfd: String.raw`\d+<[^<>]+>(?:\(deleted\))?`,
  dir: String.raw`(?:AT_FDCWD|\d+(?:<[^<>]+>)?)`,
  path: String.raw`"(?:[^"\\]|\\.)*"(?:\.\.\.)?`,
  mode: "0[0-7]{2,6}",
  sig: "(?:SIG[A-Z][A-Z0-9_]*|0)",
  fds: String.raw`\[\d+<[^<>]+>, \d+<[^<>]+>\]`,
  address: String.raw`(?:NULL|0x[0-9a-f]+|\{sa_family=AF_[A-Z0-9]+(?:, sin6?_port=htons\(\d+\), (?:sin_addr=inet_addr\("[\d.]+"\)|inet_pton\(AF_INET6, "[\da-f:.]+", &sin6_addr\), \.\.\.)|, \.\.\.)\})`,
  length: String.raw`(?:NULL|\[\d+(?: => \d+)?\])`,
  polled: String.raw`\[(?:\{fd=-?\d+(?:<[^<>]+>)?, events=(?:0|POLL[A-Z]+(?:\|POLL[A-Z]+)*)\}(?:, )?)*\]`,
  ready: String.raw`(?:0 \(Timeout\)|\d+ \(\[\{fd=\d+, revents=POLL[A-Z]+(?:\|POLL[A-Z]+)*\}(?:, \{fd=\d+, revents=POLL[A-Z]+(?:\|POLL[A-Z]+)*\})*\]\))`,
  epoll: String.raw`\{events=(?:0|EPOLL[A-Z]+(?:\|EPOLL[A-Z]+)*), data=\{u32=\d+, u64=\d+\}\}`,
  open: String.raw`O_(?:RDONLY|WRONLY|RDWR)(?:\|O_[A-Z_]+)*`,
  child: String.raw`child_stack=(?:NULL|0x[0-9a-f]+), flags=(?:CLONE_[A-Z_]+\|)*(?:CLONE_[A-Z_]+|SIG[A-Z]+)(?:, parent_tid=0x[0-9a-f]+)?(?:, tls=0x[0-9a-f]+)?(?:, child_tidptr=0x[0-9a-f]+)?`,
  futex: String.raw`FUTEX_[A-Z_]+(?:\|FUTEX_CLOCK_REALTIME)?`,
  bits: "(?:FUTEX_BITSET_MATCH_ANY|0x[0-9a-f]+)",
  socktype: String.raw`SOCK_[A-Z]+(?:\|SOCK_CLOEXEC)?(?:\|SOCK_NONBLOCK)?`,
  protocol: "(?:0|IPPROTO_[A-Z0-9]+|NETLINK_[A-Z0-9_]+)",
  ioctl: String.raw`(?:[A-Z][A-Z0-9_]+|_IOC\(_IOC_(?:NONE|READ|WRITE|READ\|_IOC_WRITE)(?:, (?:0|0x[0-9a-f]+)){3}\))`,
  descriptorFlags: String.raw`(?:0|0x1 \(flags FD_CLOEXEC\))`,
  statusFlags: String.raw`0x[0-9a-f]+ \(flags O_[A-Z]+(?:\|O_[A-Z_]+)*\)`,
  barriers: String.raw`(?:0|0x[0-9a-f]+ \(MEMBARRIER_CMD_[A-Z_|]+\))`,
  capability: String.raw`(?:CAP_[A-Z_]+|0x[0-9a-f]+ /\* CAP_\?\?\? \*/)`,
};

/** Each call's forms: arguments and result. */
export const SIGNATURES: Readonly<Record<string, readonly string[]>> = {
  accept: ["fd, address, length = newfd"],
  accept4: ["fd, address, length, SOCK_| = newfd"],
  access: ["path, [FRWX]_OK| = 0"],
  arch_prctl: ["ARCH_:, ptr = 0"],
  bind: ["fd, address, uint = 0"],
  brk: ["ptr = ptr"],
  chdir: ["path = 0"],
  chmod: ["path, mode = 0"],
  chown: ["path, int, int = 0"],
  clock_nanosleep: ["CLOCK_:, TIMER_|, ptr, ptr = 0"],
  clone: ["child = uint"],
  clone3: ["ptr, uint = uint"],
  close: ["fd = 0"],
  close_range: ["uint, uint, CLOSE_RANGE_| = 0"],
  connect: ["fd, address, uint = 0"],
  dup: ["fd = fd"],
  dup2: ["fd, fd = fd"],
  epoll_create: ["uint = newfd"],
  epoll_create1: ["EPOLL_| = newfd"],
  epoll_ctl: ["fd, EPOLL_CTL_:, fd, epoll = 0"],
  epoll_pwait: ["fd, [epoll], uint, int, ptr, uint = uint"],
  epoll_wait: ["fd, [epoll], uint, int = uint"],
  eventfd2: ["uint, EFD_| = newfd"],
  execve: ["path, ptr, ptr = 0"],
  exit: ["int = never"],
  exit_group: ["int = never"],
  fadvise64: ["fd, int, int, POSIX_FADV_: = 0"],
  fchdir: ["fd = 0"],
  fchmod: ["fd, mode = 0"],
  fchown: ["fd, int, int = 0"],
  fcntl: [
    "fd, F_GETFD = descriptorFlags",
    "fd, F_GETFL = statusFlags",
    "fd, F_SETFD, FD_CLOEXEC = 0",
    "fd, F_SETFL, open = 0",
    "fd, F_DUPFD_CLOEXEC, uint = fd",
    "fd, F_SETLK, ptr = 0",
  ],
  fsync: ["fd = 0"],
  ftruncate: ["fd, uint = 0"],
  futex: [
    "ptr, futex, uint = uint",
    "ptr, futex, uint, ptr = 0",
    "ptr, futex, uint, ptr, bits = 0",
  ],
  get_mempolicy: ["ptr, ptr, uint, ptr, MPOL_F_| = 0"],
  getcwd: ["ptr, uint = uint"],
  getdents64: ["fd, ptr, uint = uint"],
  getpeername: ["fd, ptr, ptr = 0"],
  getrandom: ["ptr, uint, GRND_| = uint"],
  getsockname: ["fd, ptr, ptr = 0"],
  getsockopt: ["fd, SOL_:, [A-Z]+_:, ptr, ptr = 0"],
  ioctl: ["fd, ioctl, ptr = uint"],
  kill: ["int, sig = 0"],
  listen: ["fd, uint = 0"],
  lseek: ["fd, int, SEEK_: = uint"],
  madvise: ["ptr, uint, MADV_: = 0"],
  membarrier: ["MEMBARRIER_CMD_:, 0 = barriers"],
  mkdir: ["path, mode = 0"],
  mmap: ["ptr, uint, PROT_|, MAP_|, fd, hex = ptr"],
  mprotect: ["ptr, uint, PROT_| = 0"],
  mremap: ["ptr, uint, uint, MREMAP_| = ptr"],
  munmap: ["ptr, uint = 0"],
  nanosleep: ["ptr, ptr = 0"],
  newfstatat: ["dir, path, ptr, AT_| = 0"],
  open: ["path, open = newfd", "path, open, mode = newfd"],
  openat: ["dir, path, open = fd", "dir, path, open, mode = fd"],
  pipe2: ["fds, O_| = 0"],
  poll: ["polled, uint, int = ready"],
  prctl: [
    "PR_GET_NAME, ptr = 0",
    "PR_SET_NAME, ptr = 0",
    "PR_SET_THP_DISABLE, 1, 0, 0, 0 = 0",
    "PR_CAPBSET_READ, capability = uint",
  ],
  pread64: ["fd, ptr, uint, int = uint"],
  prlimit64: ["uint, RLIMIT_:, ptr, ptr = 0"],
  read: ["fd, ptr, uint = uint"],
  readlink: ["path, ptr, uint = uint"],
  recvfrom: ["fd, ptr, uint, MSG_|, ptr, ptr = uint"],
  recvmsg: ["fd, ptr, MSG_| = uint"],
  rseq: ["ptr, 0x20, uint, 0x53053053 = 0"],
  rt_sigaction: ["sig, ptr, ptr, 8 = 0"],
  rt_sigpending: ["ptr, 8 = 0"],
  rt_sigprocmask: ["SIG_:, ptr, ptr, 8 = 0"],
  rt_sigreturn: [" = never"],
  rt_sigtimedwait: ["ptr, ptr, ptr, 8 = uint"],
  sched_getaffinity: ["uint, uint, ptr = uint"],
  sched_yield: [" = 0"],
  sendmsg: ["fd, ptr, MSG_| = uint"],
  sendto: ["fd, ptr, uint, MSG_|, ptr, uint = uint"],
  set_mempolicy: ["MPOL_:, ptr, uint = 0"],
  set_robust_list: ["ptr, 24 = 0"],
  set_tid_address: ["ptr = uint"],
  setitimer: ["ITIMER_:, ptr, ptr = 0"],
  setsid: [" = uint"],
  setsockopt: ["fd, SOL_:, [A-Z0-9]+_:, ptr, uint = 0"],
  shutdown: ["fd, SHUT_: = 0"],
  socket: ["AF_:, socktype, protocol = newfd"],
  socketpair: ["AF_:, socktype, protocol, fds = 0"],
  splice: ["fd, ptr, fd, ptr, uint, SPLICE_F_| = uint"],
  statfs: ["path, ptr = 0"],
  sysinfo: ["ptr = 0"],
  tgkill: ["uint, uint, sig = 0"],
  timer_create: ["CLOCK_:, ptr, ptr = 0"],
  timer_settime: ["uint, TIMER_|, ptr, ptr = 0"],
  umask: ["mode = mode"],
  uname: ["ptr = 0"],
  unlink: ["path = 0"],
  utimensat: ["fd, path, ptr, AT_| = 0"],
  vfork: [" = uint"],
  write: ["fd, ptr, uint = uint"],
  wait4: ["int, ptr, W[A-Z]+|, ptr = uint"],
  ...Object.fromEntries(
    ["getpid", "getppid", "gettid", "getuid", "geteuid", "getgid", "getegid", "getpgrp"].map(
      (name) => [name, [" = uint"]],
    ),
  ),
};

const DURATION = String.raw` <\d+\.\d{6}>`;
const FAILED = String.raw`(?:-1 E[A-Z0-9]+ \([^()]+\)|\? ERESTART[A-Z_]+ \([^()]+\))`;

export function nameOf(line: string): string {
  return /^(?:<\.\.\. )?(\w+)/.exec(line)?.[1] ?? "";
}

/** @param line without process and time */
export function isInGrammar(line: string): boolean {
  const forms = SIGNATURES[nameOf(line)] ?? [];
  return forms.some((form) => regexes(nameOf(line), form).some((regex) => regex.test(line)));
}

/** A call that is over, one whose end is missing, and one whose begin is. */
function regexes(name: string, form: string): readonly RegExp[] {
  const [text = "", result = ""] = form.split(" = ");
  const places = text.trim() === "" ? [] : text.split(", ").map(place);
  const call = String.raw`${name}\(${places.join(", ")}`;
  if (result === "never") return [new RegExp(String.raw`^${call}\) = \?$`)];
  const value = `(?:${place(result)}|${FAILED})`;
  const begun = places.map((_, i) => places.slice(0, i + 1).join(", "));
  // The comma behind the last argument that is known, if others follow.
  const partly = ["", ...begun.map((some, i) => (i + 1 < begun.length ? `${some}, ` : some))];
  return [
    new RegExp(String.raw`^${call}\) = ${value}${DURATION}$`),
    new RegExp(String.raw`^${name}\((?:${partly.join("|")}) <unfinished \.\.\.>$`),
    new RegExp(
      String.raw`^<\.\.\. ${name} resumed>\) = ${value.replaceAll(PLACES["newfd"]!, PLACES["fd"]!)}$`,
    ),
  ];
}

function place(text: string): string {
  if (text.startsWith("[") && text.endsWith("]")) {
    const one = place(text.slice(1, -1));
    return String.raw`\[(?:${one}(?:, ${one})*)?\]`;
  }
  const known = PLACES[text];
  if (known !== undefined) return known;
  if (text.endsWith(":")) return `${text.slice(0, -1)}[A-Z0-9_]+`;
  if (text.endsWith("|")) {
    const flag =
      text.endsWith("_OK|") || text.endsWith("+|")
        ? text.slice(0, -1)
        : `${text.slice(0, -1)}[A-Z0-9_]+`;
    return String.raw`(?:0|${flag}(?:\|${flag})*)`;
  }
  return text;
}
