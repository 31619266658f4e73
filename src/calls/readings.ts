/** How arguments of system calls are read: which constants, paths, descriptors or addresses they are. */

import { prototypeOf } from "./names.ts";

/** A family of constants as flags or as one, or a kind. */
export type Reading =
  | { readonly as: "flags" | "constant"; readonly family: string }
  | {
      readonly as:
        | "open"
        | "clone"
        | "socktype"
        | "map"
        | "mempolicy"
        | "signal"
        | "ioctl"
        | "poll"
        | "statx"
        | "ipc"
        | "key"
        | "epoll"
        | "mode"
        | "filemode"
        | "fd"
        | "path"
        | "pointer"
        | "hex"
        | "signed"
        | "number";
    };

const flags = (family: string): Reading => ({ as: "flags", family });
const constant = (family: string): Reading => ({ as: "constant", family });

/** What the headers do not say: which constants an argument takes. `*` is any call. */
const READINGS: Readonly<Record<string, Reading>> = {
  "open.flags": { as: "open" },
  "openat.flags": { as: "open" },
  "mq_open.oflag": { as: "open" },
  "open_by_handle_at.flags": { as: "open" },
  "pipe.fildes": { as: "fd" },
  "pipe2.fildes": { as: "fd" },
  "pipe2.flags": flags("open"),
  "dup3.flags": flags("open"),
  "eventfd2.flags": flags("eventfd"),
  "epoll_create1.flags": flags("epollflag"),
  "inotify_init1.flags": flags("inotifyflag"),
  "inotify_add_watch.mask": flags("inotify"),
  "timerfd_create.flags": flags("timerfd"),
  "timerfd_create.clockid": constant("clock"),
  "timerfd_settime.flags": flags("timerfdset"),
  "signalfd4.flags": flags("signalfd"),
  "memfd_create.flags": flags("memfd"),
  "memfd_create.uname_ptr": { as: "path" },
  "mmap.prot": flags("prot"),
  "mprotect.prot": flags("prot"),
  "pkey_mprotect.prot": flags("prot"),
  "mmap.flags": { as: "map" },
  "mmap.offset": { as: "hex" },
  "mremap.flags": flags("mremap"),
  "msync.flags": flags("msync"),
  "mlockall.flags": flags("mlock"),
  "madvise.behavior": constant("madvise"),
  "fadvise64.advice": constant("fadvise"),
  "fallocate.mode": flags("fallocate"),
  "sync_file_range.flags": flags("syncrange"),
  "splice.flags": flags("splice"),
  "tee.flags": flags("splice"),
  "vmsplice.flags": flags("splice"),
  "tee.fdin": { as: "fd" },
  "tee.fdout": { as: "fd" },
  "timerfd_settime.ufd": { as: "fd" },
  "timerfd_gettime.ufd": { as: "fd" },
  "signalfd.ufd": { as: "fd" },
  "signalfd4.ufd": { as: "fd" },
  "close_range.flags": flags("closerange"),
  "close_range.fd": { as: "number" },
  "close_range.max_fd": { as: "number" },
  "set_mempolicy.mode": { as: "mempolicy" },
  "mbind.mode": { as: "mempolicy" },
  "get_mempolicy.flags": flags("mempolicyflag"),
  "clone.flags": { as: "clone" },
  "unshare.unshare_flags": flags("clone"),
  "setns.nstype": flags("clone"),
  "*.sig": { as: "signal" },
  "rt_sigprocmask.how": constant("sigmask"),
  "socketpair.family": constant("family"),
  "socketpair.socket": { as: "fd" },
  "socket.type": { as: "socktype" },
  "socketpair.type": { as: "socktype" },
  "accept4.flags": flags("sockflag"),
  "sendto.flags": flags("msg"),
  "recvfrom.flags": flags("msg"),
  "sendmsg.flags": flags("msg"),
  "recvmsg.flags": flags("msg"),
  "sendmmsg.flags": flags("msg"),
  "recvmmsg.flags": flags("msg"),
  "recvfrom.addr_len": { as: "pointer" },
  "bind.umyaddr": { as: "pointer" },
  "getsockname.usockaddr": { as: "pointer" },
  "getsockname.usockaddr_len": { as: "pointer" },
  "getpeername.usockaddr": { as: "pointer" },
  "getpeername.usockaddr_len": { as: "pointer" },
  "shutdown.how": constant("shutdown"),
  "lseek.whence": constant("seek"),
  "access.mode": flags("access"),
  "faccessat.mode": flags("access"),
  "faccessat2.mode": flags("access"),
  "faccessat2.flags": flags("faccess"),
  "newfstatat.flag": flags("at"),
  "unlinkat.flag": flags("at"),
  "fchownat.flag": flags("at"),
  "linkat.flags": flags("at"),
  "statx.flags": { as: "statx" },
  "statx.mask": flags("statx"),
  "utimensat.flags": flags("at"),
  "name_to_handle_at.flag": flags("at"),
  "execveat.flags": flags("at"),
  "renameat2.flags": flags("rename"),
  "setxattr.flags": flags("xattr"),
  "lsetxattr.flags": flags("xattr"),
  "fsetxattr.flags": flags("xattr"),
  "shmget.key": { as: "key" },
  "shmget.flag": { as: "ipc" },
  "semget.key": { as: "key" },
  "semget.semflg": { as: "ipc" },
  "msgget.key": { as: "key" },
  "msgget.msgflg": { as: "ipc" },
  "ptrace.request": constant("ptrace"),
  "ptrace.addr": { as: "pointer" },
  "ptrace.data": { as: "pointer" },
  "pselect6.sig": { as: "pointer" },
  "*.user": { as: "signed" },
  "*.group": { as: "signed" },
  "mknod.mode": { as: "filemode" },
  "mknodat.mode": { as: "filemode" },
  "ioctl.cmd": { as: "ioctl" },
  "flock.cmd": flags("flock"),
  "wait4.pid": { as: "signed" },
  "wait4.options": flags("wait"),
  "waitid.options": flags("wait"),
  "waitid.which": constant("idtype"),
  "kill.pid": { as: "signed" },
  "prlimit64.resource": constant("rlimit"),
  "getrlimit.resource": constant("rlimit"),
  "setrlimit.resource": constant("rlimit"),
  "getrusage.who": constant("rusage"),
  "getpriority.which": constant("priority"),
  "setpriority.which": constant("priority"),
  "sched_setscheduler.policy": constant("sched"),
  "sched_get_priority_min.policy": constant("sched"),
  "sched_get_priority_max.policy": constant("sched"),
  "epoll_ctl.op": constant("epollctl"),
  "epoll_ctl.event": { as: "epoll" },
  "epoll_wait.events": { as: "epoll" },
  "epoll_pwait.events": { as: "epoll" },
  "*.ufds": { as: "poll" },
  "poll.timeout": { as: "signed" },
  "*.which_clock": constant("clock"),
  "clock_nanosleep.flags": flags("timer"),
  "timer_settime.flags": flags("timer"),
  "setitimer.which": constant("itimer"),
  "getitimer.which": constant("itimer"),
  "getrandom.flags": flags("random"),
  "mount.flags": flags("mount"),
  "umount2.flags": flags("umount"),
  "umask.mask": { as: "mode" },
  "personality.personality": { as: "hex" },
  "rseq.rseq_len": { as: "hex" },
  "rseq.sig": { as: "hex" },
  "arch_prctl.option": constant("arch"),
  "arch_prctl.arg2": { as: "pointer" },
  "mq_timedsend.msg_ptr": { as: "pointer" },
  "*.filename": { as: "path" },
  "*.pathname": { as: "path" },
  "*.path": { as: "path" },
  "*.fd": { as: "fd" },
  "*.dfd": { as: "fd" },
};

/** Arguments that are addresses, though their types do not say so. */
const ADDRESSES =
  /^(addr|brk|.*ptr|act|oact|nset|oset|new_addr|old_addr|start|newsp|parent_tid|child_tid|tls|buf|buff|ubuf|uservaddr|upeer_sockaddr|arg|argv|envp|rqtp|rmtp|shmaddr|iocbpp|tsp|tvp|sigmask|inp|outp|exp)$/;
/** Users and groups; -1 leaves them as they are. */
const IDS = /^(r|e|s|fs)?[ug]id$/;
const KINDS = ["fd", "path", "pointer", "mode"] as const;

export function readingOf(call: string, name: string): Reading {
  const own = READINGS[`${call}.${name}`] ?? READINGS[`*.${name}`];
  if (own !== undefined) return own;
  const kind = prototypeOf(call)?.find(([argument]) => argument === name)?.[1];
  const known = KINDS.find((one) => one === kind);
  if (known !== undefined) return { as: known };
  if (IDS.test(name)) return { as: "signed" };
  return { as: ADDRESSES.test(name) ? "pointer" : "number" };
}
