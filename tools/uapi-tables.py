#!/usr/bin/env python3
"""Makes src/calls/uapi.generated.ts: names of the kernel's flags, numbers and errors, and the arguments of its system calls.

    tools/uapi-tables.py SYSCALLS_H > src/calls/uapi.generated.ts

SYSCALLS_H is include/linux/syscalls.h of a kernel, as Debian's package linux-headers-*-common has it. The constants come
from the uapi headers of linux-libc-dev, by way of gcc.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# A family of constants: headers, and which of their names belong to it.
FAMILIES = {
    "open": (["asm/fcntl.h", "linux/fcntl.h"], r"^O_(?!ACCMODE|NDELAY)[A-Z_]+$"),
    "at": (["linux/fcntl.h"], r"^AT_(SYMLINK_\w+|REMOVEDIR|NO_AUTOMOUNT|EMPTY_PATH|STATX_(?!SYNC)\w+|RECURSIVE)$"),
    "faccess": (["linux/fcntl.h"], r"^AT_(EACCESS|SYMLINK_NOFOLLOW|EMPTY_PATH)$"),
    "fcntl": (["asm/fcntl.h", "linux/fcntl.h"], r"^F_(DUPFD|GETFD|SETFD|GETFL|SETFL|GETLK|SETLK|SETLKW|SETOWN|GETOWN|SETOWN_EX|GETOWN_EX|GETOWNER_UIDS|CANCELLK|GET_RW_HINT|SET_RW_HINT|GET_FILE_RW_HINT|SET_FILE_RW_HINT|SETSIG|GETSIG|SETLEASE|GETLEASE|NOTIFY|DUPFD_CLOEXEC|SETPIPE_SZ|GETPIPE_SZ|ADD_SEALS|GET_SEALS|OFD_\w+)$"),
    "prot": (["asm/mman.h"], r"^PROT_\w+$"),
    "map": (["linux/mman.h"], r"^MAP_(?!TYPE|FILE|HUGE_|UNINIT)\w+$"),
    "madvise": (["asm/mman.h"], r"^MADV_\w+$"),
    "mremap": (["linux/mman.h"], r"^MREMAP_\w+$"),
    "msync": (["asm/mman.h"], r"^MS_\w+$"),
    "clone": (["linux/sched.h"], r"^CLONE_(?!ARGS)\w+$"),
    "signal": (["asm/signal.h"], r"^SIG(?!_|EV|STKSZ|UNUSED|IOT$|POLL$|RTM|CLD$)[A-Z0-9]+$"),
    "sigmask": (["asm/signal.h"], r"^SIG_(BLOCK|UNBLOCK|SETMASK)$"),
    "family": (["sys/socket.h"], r"^AF_(?!MAX|FILE|LOCAL|ROUTE)\w+$"),
    "socktype": (["sys/socket.h"], r"^SOCK_(STREAM|DGRAM|RAW|RDM|SEQPACKET|DCCP|PACKET)$"),
    "sockflag": (["sys/socket.h"], r"^SOCK_(CLOEXEC|NONBLOCK)$"),
    "msg": (["sys/socket.h"], r"^MSG_(?!TRYHARD)\w+$"),
    "shutdown": (["sys/socket.h"], r"^SHUT_\w+$"),
    "sockopt": (["asm/socket.h"], r"^SO_(?!GET_FILTER|DETACH_BPF|(RCVTIMEO|SNDTIMEO|TIMESTAMP|TIMESTAMPNS|TIMESTAMPING)$)\w+$"),
    "seek": (["linux/fs.h"], r"^SEEK_(?!MAX)\w+$"),
    "access": (["unistd.h"], r"^[RWX]_OK$"),
    "wait": (["linux/wait.h"], r"^(W[A-Z]+|__W(ALL|CLONE|NOTHREAD))$"),
    "rlimit": (["asm/resource.h"], r"^RLIMIT_\w+$"),
    "futex": (["linux/futex.h"], r"^FUTEX_(?!PRIVATE|CLOCK|CMD|WAITERS|OWNER|TID|BITSET_MATCH|OP_|32|NUMA|SIZE|\w+_PRIVATE)\w+$"),
    "epollctl": (["linux/eventpoll.h"], r"^EPOLL_CTL_\w+$"),
    "clock": (["linux/time.h"], r"^CLOCK_(?!SGI)\w+$"),
    "prctl": (["linux/prctl.h"], r"^PR_([SG]ET_(?!MM_|VMA_|PTRACER_)\w+|CAPBSET_\w+|MCE_KILL(_GET)?|SCHED_CORE|CAP_AMBIENT|TASK_PERF_EVENTS_\w+)$"),
    "ioctl": (["asm/termbits.h", "linux/serial.h", "asm/ioctls.h", "linux/sockios.h", "linux/fs.h", "linux/fiemap.h", "linux/blktrace_api.h", "linux/nsfs.h"], r"^((?!SIOCINQ|SIOCOUTQ|TIOCINQ|TC(SA\w+|[IO]\w*)(OFF|ON|FLUSH)$|TCSANOW|TCSADRAIN|TCSAFLUSH)(TC|TIO|FIO|SIOC|FI|BLK)[A-Z0-9]+|FS_IOC_(?!FSGET|FSSET)\w+|NS_GET_\w+)$"),
    "random": (["linux/random.h"], r"^GRND_\w+$"),
    "mount": (["linux/mount.h"], r"^MS_(?!RMT|MGC)\w+$"),
    "umount": (["sys/mount.h"], r"^(MNT_\w+|UMOUNT_\w+)$"),
    "number": (["asm/unistd.h"], r"^__NR_\w+$"),
    "sol": (["sys/socket.h", "netinet/in.h", "netinet/tcp.h", "netinet/udp.h"], r"^SOL_\w+$"),
    "ipopt": (["netinet/in.h"], r"^IP_(?!RECVRETOPTS|PMTUDISC|DEFAULT|MAX)[A-Z_0-9]+$"),
    "ipv6opt": (["netinet/in.h"], r"^IPV6_(?!PMTUDISC|RTHDR_|ADD_|DROP_|RXHOPOPTS|RXDSTOPTS|SRCRT)[A-Z_0-9]+$"),
    "tcpopt": (["linux/tcp.h"], r"^TCP_(NODELAY|MAXSEG|CORK|KEEP\w+|SYNCNT|LINGER2|DEFER_ACCEPT|WINDOW_CLAMP|INFO|QUICKACK|CONGESTION|THIN_\w+|USER_TIMEOUT|REPAIR|FASTOPEN\w*|TIMESTAMP|NOTSENT_LOWAT|SAVE_SYN|SAVED_SYN|ULP|CC_INFO|INQ|TX_DELAY|ZEROCOPY_RECEIVE)$"),
    "ipproto": (["linux/in.h"], r"^IPPROTO_(?!MAX)\w+$"),
    "netlink": (["linux/netlink.h"], r"^NETLINK_(ROUTE|USERSOCK|FIREWALL|SOCK_DIAG|NFLOG|XFRM|SELINUX|ISCSI|AUDIT|FIB_LOOKUP|CONNECTOR|NETFILTER|IP6_FW|DNRTMSG|KOBJECT_UEVENT|GENERIC|SCSITRANSPORT|ECRYPTFS|RDMA|CRYPTO|SMC)$"),
    "epoll": (["linux/eventpoll.h"], r"^EPOLL(?!_)[A-Z]+$"),
    "epollflag": (["linux/eventpoll.h"], r"^EPOLL_CLOEXEC$"),
    "poll": (["asm/poll.h"], r"^POLL(?!FREE|_)[A-Z]+$"),
    "fadvise": (["linux/fadvise.h"], r"^POSIX_FADV_\w+$"),
    "mempolicy": (["linux/mempolicy.h"], r"^MPOL_(DEFAULT|PREFERRED|BIND|INTERLEAVE|LOCAL|PREFERRED_MANY)$"),
    "mempolicymode": (["linux/mempolicy.h"], r"^MPOL_F_(STATIC_NODES|RELATIVE_NODES|NUMA_BALANCING)$"),
    "mempolicyflag": (["linux/mempolicy.h"], r"^MPOL_F_(NODE|ADDR|MEMS_ALLOWED)$"),
    "splice": (["fcntl.h"], r"^SPLICE_F_\w+$"),
    "itimer": (["linux/time.h"], r"^ITIMER_\w+$"),
    "timer": (["linux/time.h"], r"^TIMER_ABSTIME$"),
    "mlock": (["asm/mman.h"], r"^MCL_\w+$"),
    "priority": (["sys/resource.h"], r"^PRIO_(PROCESS|PGRP|USER)$"),
    "rusage": (["linux/resource.h"], r"^RUSAGE_(SELF|CHILDREN|THREAD)$"),
    "sched": (["sched.h", "linux/sched.h"], r"^SCHED_(OTHER|FIFO|RR|BATCH|IDLE|DEADLINE)$"),
    "flock": (["linux/fcntl.h"], r"^LOCK_(SH|EX|NB|UN)$"),
    "lease": (["linux/fcntl.h"], r"^F_(RDLCK|WRLCK|UNLCK)$"),
    "seal": (["linux/fcntl.h"], r"^F_SEAL_\w+$"),
    "fallocate": (["linux/falloc.h"], r"^FALLOC_FL_\w+$"),
    "rename": (["linux/fs.h"], r"^RENAME_\w+$"),
    "statx": (["linux/stat.h"], r"^STATX_(?!ATTR|_)\w+$"),
    "eventfd": (["sys/eventfd.h"], r"^EFD_\w+$"),
    "timerfd": (["linux/timerfd.h"], r"^TFD_(CLOEXEC|NONBLOCK)$"),
    "timerfdset": (["linux/timerfd.h"], r"^TFD_TIMER_\w+$"),
    "signalfd": (["linux/signalfd.h"], r"^SFD_\w+$"),
    "inotifyflag": (["linux/inotify.h"], r"^IN_(CLOEXEC|NONBLOCK)$"),
    "inotify": (["linux/inotify.h"], r"^IN_(?!CLOEXEC|NONBLOCK|CLOSE$|MOVE$|ALL_)\w+$"),
    "idtype": (["linux/wait.h"], r"^P_\w+$"),
    "closerange": (["linux/close_range.h"], r"^CLOSE_RANGE_\w+$"),
    "membarrier": (["linux/membarrier.h"], r"^MEMBARRIER_CMD_(?!SHARED|FLAG)\w+$"),
    "arch": (["asm/prctl.h"], r"^ARCH_(SET|GET)_(GS|FS|CPUID)$"),
    "capability": (["linux/capability.h"], r"^CAP_(?!LAST|TO_)[A-Z0-9_]+$"),
    "ambient": (["linux/prctl.h"], r"^PR_CAP_AMBIENT_\w+$"),
    "vma": (["linux/prctl.h"], r"^PR_SET_VMA_ANON_NAME$"),
    "xattr": (["linux/xattr.h"], r"^XATTR_(CREATE|REPLACE)$"),
    "notify": (["linux/fcntl.h"], r"^DN_\w+$"),
    "ipc": (["linux/ipc.h"], r"^IPC_(CREAT|EXCL|NOWAIT)$"),
    "ptrace": (["linux/ptrace.h", "asm/ptrace-abi.h"], r"^PTRACE_(TRACEME|PEEK(TEXT|DATA|USR)|POKE\w+|CONT|KILL|SINGLESTEP|ATTACH|DETACH|SYSCALL|SETOPTIONS|GETEVENTMSG|GETSIGINFO|SETSIGINFO|GETREGSET|SETREGSET|SEIZE|INTERRUPT|LISTEN|PEEKSIGINFO|GETSIGMASK|SETSIGMASK|SECCOMP_\w+|GET_SYSCALL_INFO|GETREGS|SETREGS|GETFPREGS|SETFPREGS)$"),
    "syncrange": (["linux/fs.h"], r"^SYNC_FILE_RANGE_(?!WRITE_AND)\w+$"),
    "memfd": (["linux/memfd.h"], r"^MFD_(?!HUGE_)\w+$"),
}


def constants(headers, pattern):
    includes = "".join(f"#include <{header}>\n" for header in headers)
    defined = subprocess.run(
        ["gcc", "-D_GNU_SOURCE", "-E", "-dM", "-"], input=includes, capture_output=True, text=True, check=True
    ).stdout
    expanded = subprocess.run(
        ["gcc", "-D_GNU_SOURCE", "-E", "-P", "-"], input=includes, capture_output=True, text=True, check=True
    ).stdout
    enumerators = [
        name for body in re.findall(r"\benum\b\s*\w*\s*\{([^}]*)\}", expanded) for name in re.findall(r"(?:^|,)\s*(\w+)", body)
    ]
    names = sorted({*re.findall(r"^#define (\w+) ", defined, re.M), *enumerators})
    return values(includes, [name for name in names if re.match(pattern, name)])


def values(includes, names):
    """Numbers of C constants; those that are no numbers are left out."""
    lines = "\n".join(
        f'if (__builtin_types_compatible_p(__typeof__({name}), char *)) {{}} else printf("{name} %lld\\n", (long long)(unsigned int)({name}));'
        for name in names
    )
    program = f"#define _GNU_SOURCE\n{includes}#include <stdio.h>\nint main(void) {{\n{lines}\nreturn 0; }}\n"
    with tempfile.TemporaryDirectory() as folder:
        source, binary = Path(folder) / "a.c", Path(folder) / "a"
        source.write_text(program)
        subprocess.run(["gcc", "-w", str(source), "-o", str(binary)], check=True)
        printed = subprocess.run([str(binary)], capture_output=True, text=True, check=True).stdout
    pairs = [line.split() for line in printed.splitlines()]
    return sorted(((int(value), name) for name, value in pairs), key=lambda one: (one[0], len(one[1]), one[1]))


def errors():
    program = "#include <errno.h>\n"
    found = {}
    for number, name in constants(["errno.h"], r"^E[A-Z0-9]+$"):
        if name not in ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP"):
            found[number] = name
    import os

    return [[number, name, os.strerror(number)] for number, name in sorted(found.items())]


def kind(type_, name):
    """What an argument is to a reader of its value."""
    if type_.count("*") == 1 and ("char __user" in type_ or type_.startswith("const char")):
        return "path" if type_.startswith("const") else "pointer"
    if "*" in type_:
        return "pointer"
    if re.search(r"(^|_)(fd|dfd)$|^(fd|dfd|fildes|infd|outfd|fd_in|fd_out|epfd|newfd|oldfd|olddfd|newdfd|in_fd|out_fd)$", name):
        return "fd"
    if "umode_t" in type_:
        return "mode"
    return "number"


def calls(path):
    text = re.sub(r"/\*.*?\*/", "", Path(path).read_text(), flags=re.S)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    found = {}
    for name, arguments in re.findall(r"asmlinkage long sys_(\w+)\(([^;]*)\);", text):
        parts = [" ".join(part.split()) for part in arguments.split(",")]
        if parts == ["void"] or parts == [""]:
            found[name] = []
            continue
        one = []
        for part in parts:
            match = re.match(r"^(.*?[\s*])(\w+)$", part)
            # Types alone, as some prototypes are.
            if match is None or match[2] in ("int", "long", "user", "size_t", "__user") or "*" in match[2]:
                one = None
                break
            one.append([match[2], kind(match[1].strip(), match[2])])
        if one is not None:
            found.setdefault(name, one)
    return dict(sorted(found.items()))


HEAD = "/** Made by tools/uapi-tables.py of the kernel's headers: not to be edited. */\n"


def main():
    print(HEAD)
    if sys.argv[1] == "errors":
        print("/** Errors: number, name, text. */")
        print("export const ERRORS: readonly (readonly [number, string, string])[] = " + json.dumps(errors()) + ";")
        return
    families = {name: [[number, text] for number, text in constants(*family)] for name, family in FAMILIES.items()}
    print("/** Constants by family: number and name, ascending; the shortest of equal ones first. */")
    print("export const CONSTANTS: Readonly<Record<string, readonly (readonly [number, string])[]>> = " + json.dumps(families) + ";\n")
    print("/** Arguments of system calls, in their order: name and kind. */")
    print("export const CALLS: Readonly<Record<string, readonly (readonly [string, string])[]>> = " + json.dumps(calls(sys.argv[1])) + ";")


main()
