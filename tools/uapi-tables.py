#!/usr/bin/env python3
"""Makes src/strace/uapi.generated.ts: names of the kernel's flags, numbers and errors, and the arguments of its system calls.

    tools/uapi-tables.py SYSCALLS_H > src/strace/uapi.generated.ts

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
    "fcntl": (["asm/fcntl.h", "linux/fcntl.h"], r"^F_(DUPFD|GETFD|SETFD|GETFL|SETFL|GETLK|SETLK|SETLKW|SETOWN|GETOWN|SETSIG|GETSIG|SETLEASE|GETLEASE|NOTIFY|DUPFD_CLOEXEC|SETPIPE_SZ|GETPIPE_SZ|ADD_SEALS|GET_SEALS|OFD_\w+)$"),
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
    "sockopt": (["asm/socket.h"], r"^SO_(?!GET_FILTER|DETACH_BPF|TIMESTAMP_\w+|\w+_(OLD|NEW)$)\w+$"),
    "seek": (["linux/fs.h"], r"^SEEK_(?!MAX)\w+$"),
    "access": (["unistd.h"], r"^[RWX]_OK$"),
    "wait": (["linux/wait.h"], r"^(W[A-Z]+|__W(ALL|CLONE|NOTHREAD))$"),
    "rlimit": (["asm/resource.h"], r"^RLIMIT_\w+$"),
    "futex": (["linux/futex.h"], r"^FUTEX_(?!PRIVATE|CLOCK|CMD|WAITERS|OWNER|TID|BITSET_MATCH|OP_|32|NUMA|SIZE|\w+_PRIVATE)\w+$"),
    "epollctl": (["linux/eventpoll.h"], r"^EPOLL_CTL_\w+$"),
    "clock": (["linux/time.h"], r"^CLOCK_(?!SGI)\w+$"),
    "prctl": (["linux/prctl.h"], r"^PR_([SG]ET|CAPBSET|MCE|SPEC|SCHED)_\w+$|^PR_[SG]ET_\w+$"),
    "ioctl": (["asm/termbits.h", "linux/serial.h", "asm/ioctls.h"], r"^(TC|TIO|FIO)[A-Z0-9]+$"),
    "random": (["linux/random.h"], r"^GRND_\w+$"),
    "mount": (["linux/mount.h"], r"^MS_(?!RMT|MGC)\w+$"),
    "umount": (["sys/mount.h"], r"^(MNT_\w+|UMOUNT_\w+)$"),
    "number": (["asm/unistd.h"], r"^__NR_\w+$"),
    "memfd": (["linux/memfd.h"], r"^MFD_(?!HUGE_)\w+$"),
}


def constants(headers, pattern):
    includes = "".join(f"#include <{header}>\n" for header in headers)
    defined = subprocess.run(
        ["gcc", "-D_GNU_SOURCE", "-E", "-dM", "-"], input=includes, capture_output=True, text=True, check=True
    ).stdout
    names = sorted(set(re.findall(r"^#define (\w+) ", defined, re.M)))
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


def main():
    families = {name: [[number, text] for number, text in constants(*family)] for name, family in FAMILIES.items()}
    print("/** Made by tools/uapi-tables.py of the kernel's headers: not to be edited. */\n")
    print("/** Constants by family: number and name, ascending; the shortest of equal ones first. */")
    print("export const CONSTANTS: Readonly<Record<string, readonly (readonly [number, string])[]>> = " + json.dumps(families) + ";\n")
    print("/** Errors: number, name, text. */")
    print("export const ERRORS: readonly (readonly [number, string, string])[] = " + json.dumps(errors()) + ";\n")
    print("/** Arguments of system calls, in their order: name and kind. */")
    print("export const CALLS: Readonly<Record<string, readonly (readonly [string, string])[]>> = " + json.dumps(calls(sys.argv[1])) + ";")


main()
