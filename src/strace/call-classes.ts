/** Which system calls strace puts into a class, as strace 6.1 selects them on x86-64 when every call there is made. */

/** Names by class, between blanks. */
const CLASSES: Readonly<Record<string, string>> = {
  file: "access acct chdir chmod chown chroot creat execve execveat faccessat faccessat2 fanotify_mark fchmodat fchownat fsconfig fspick futimesat getcwd getxattr inotify_add_watch lchown lgetxattr link linkat listxattr llistxattr lremovexattr lsetxattr lstat mkdir mkdirat mknod mknodat mount mount_setattr move_mount name_to_handle_at newfstatat oldstat open open_tree openat openat2 pivot_root quotactl readlink readlinkat removexattr rename renameat renameat2 rmdir setxattr stat statfs statx swapoff swapon symlink symlinkat truncate umount umount2 unlink unlinkat uselib utime utimensat utimes",
  desc: "bpf close copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execveat faccessat faccessat2 fadvise64 fallocate fanotify_init fanotify_mark fchdir fchmod fchmodat fchown fchownat fcntl fdatasync fgetxattr finit_module flistxattr flock fremovexattr fsconfig fsetxattr fsmount fsopen fspick fstat fstatfs fsync ftruncate futimesat getdents getdents64 inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_uring_enter io_uring_register io_uring_setup ioctl kexec_file_load landlock_add_rule landlock_create_ruleset landlock_restrict_self linkat lseek memfd_create memfd_secret mkdirat mknodat mmap mount_setattr move_mount mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend name_to_handle_at newfstatat oldfstat open open_by_handle_at open_tree openat openat2 perf_event_open pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2 poll ppoll pread64 preadv preadv2 process_madvise process_mrelease pselect6 pwrite64 pwritev pwritev2 quotactl_fd read readahead readlinkat readv renameat renameat2 select sendfile setns signalfd signalfd4 splice statx symlinkat sync_file_range syncfs tee timerfd_create timerfd_gettime timerfd_settime unlinkat userfaultfd utimensat vmsplice write writev",
  process:
    "clone clone3 execve execveat exit exit_group fork kill pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tgkill tkill vfork wait4 waitid waitpid",
  network:
    "accept accept4 bind connect getpeername getpmsg getsockname getsockopt listen putpmsg recvfrom recvmmsg recvmsg sendfile sendmmsg sendmsg sendto setsockopt shutdown socket socketpair",
  signal:
    "io_uring_enter kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sgetmask sigaction sigaltstack signal signalfd signalfd4 sigsuspend ssetmask tgkill tkill",
  ipc: "msgctl msgget msgrcv msgsnd semctl semget semop semtimedop shmat shmctl shmdt shmget",
  memory:
    "break brk get_mempolicy io_destroy io_setup io_uring_register madvise mbind migrate_pages mincore mlock mlock2 mlockall mmap move_pages mprotect mremap msync munlock munlockall munmap pkey_mprotect remap_file_pages set_mempolicy set_mempolicy_home_node shmat shmdt",
  creds:
    "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid prctl setfsgid setfsuid setgid setgroups setregid setresgid setresuid setreuid setuid",
  clock:
    "adjtimex clock_adjtime clock_getres clock_gettime clock_settime gettimeofday settimeofday time",
  stat: "oldstat stat stat64",
  lstat: "lstat lstat64 oldlstat",
  fstat: "fstat fstat64 fstatat64 newfstatat oldfstat statx",
  statfs: "statfs statfs64",
  fstatfs: "fstatfs fstatfs64",
  "%stat":
    "fstat fstat64 fstatat64 lstat lstat64 newfstatat oldfstat oldlstat oldstat stat stat64 statx",
  "%statfs": "fstatfs fstatfs64 statfs statfs64 ustat",
};

/** Other names of classes. */
const SAME: Readonly<Record<string, string>> = { net: "network", descr: "desc", cred: "creds" };

/** What the names of 32-bit calls have behind those of 64-bit ones. */
const WIDTH = /(16|32|64|_time32|_time64)$/;

export const CLASS_NAMES: readonly string[] = Object.keys(CLASSES);

/** Whether a call is of a class; `undefined` where there is no such class. */
export function classNamed(name: string): ((call: string) => boolean) | undefined {
  const known = SAME[name] ?? name;
  if (!Object.hasOwn(CLASSES, known)) return undefined;
  const calls = new Set(CLASSES[known]!.split(" "));
  return (call) => calls.has(call) || calls.has(call.replace(WIDTH, ""));
}
