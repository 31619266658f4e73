/** Which system calls are asked for: names, and strace's classes. */

import { SourceError } from "../base/errors.ts";
import { suggestion } from "../base/suggestion.ts";
import { prototypeOf } from "./names.ts";
import { CALLS, CONSTANTS } from "./uapi.generated.ts";

const has = (call: string, kind: string): boolean =>
  prototypeOf(call)?.some(([, one]) => one === kind) ?? false;

/** Calls whose prototypes say nothing of the class. @see strace(1), -e trace */
const CLASSES: Readonly<Record<string, (call: string) => boolean>> = {
  file: (call) => has(call, "path") || /^(execve|open|mount|umount|getcwd|chroot)/.test(call),
  desc: (call) =>
    has(call, "fd") ||
    /^(mmap|epoll_|poll|ppoll|select|pselect6|eventfd|socket|accept|pipe|signalfd)/.test(call),
  process: (call) =>
    /^(fork|vfork|clone|clone3|execve|execveat|exit|exit_group|wait4|waitid|kill|tkill|tgkill|pidfd_)/.test(
      call,
    ),
  network: (call) =>
    /^(socket|socketpair|bind|connect|listen|accept|accept4|getsockname|getpeername|send|sendto|sendmsg|sendmmsg|recv|recvfrom|recvmsg|recvmmsg|setsockopt|getsockopt|shutdown)$/.test(
      call,
    ),
  signal: (call) => /^(rt_sig|sig|kill|tkill|tgkill|pause$|signalfd)/.test(call),
  ipc: (call) => /^(sem|shm|msg)(get|op|ctl|at|dt|snd|rcv|timedop)/.test(call),
  memory: (call) =>
    /^(brk|mmap|munmap|mremap|mprotect|madvise|msync|mlock|munlock|mincore|mbind|pkey_mprotect|remap_file_pages)/.test(
      call,
    ),
  creds: (call) => /^(get|set)(res|re|fs|e)?[ug]id|^(get|set)groups|^cap(get|set)/.test(call),
};

export const CLASS_NAMES: readonly string[] = Object.keys(CLASSES);

/**
 * `openat,read`, `%file,%network`, `!futex`, `trace=%file`: as strace has it.
 * @throws SourceError `STRACE_CALL`
 */
export function traceSet(text: string | undefined): (call: string) => boolean {
  const written = text?.replace(/^trace=/, "").trim();
  if (written === undefined || written === "" || written === "all") return () => true;
  const isExcluded = written.startsWith("!");
  const parts = written
    .replace(/^!/, "")
    .split(",")
    .map((part) => part.trim());
  const tests = parts.map(testOf);
  const isOne = (call: string): boolean => tests.some((test) => test(call));
  return isExcluded ? (call) => !isOne(call) : isOne;
}

function testOf(part: string): (call: string) => boolean {
  if (part.startsWith("%")) {
    const found = CLASSES[part.slice(1)];
    if (found !== undefined) return found;
    throw unknown(
      part,
      CLASS_NAMES.map((name) => `%${name}`),
      "a class of system calls",
    );
  }
  const names = (CONSTANTS["number"] ?? []).map(([, name]) => name.replace("__NR_", ""));
  if (names.includes(part) || CALLS[part] !== undefined || prototypeOf(part) !== undefined)
    return (call) => call === part;
  throw unknown(part, names, "a system call");
}

function unknown(part: string, names: readonly string[], what: string): SourceError {
  return new SourceError(
    "STRACE_CALL",
    `-e trace: expected ${what}, got ${part}${suggestion(part, names)}`,
  );
}
