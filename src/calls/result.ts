/** What strace writes behind ` = `. */

import {
  addressText,
  argumentText,
  descriptorText,
  type PathOf,
  polledText,
  type Recorded,
  signalText,
} from "./argument.ts";
import type { Call, Fields } from "./call-line.ts";
import { constantText, errorText, flagsText, hex } from "./constants.ts";
import { dumpable } from "./dependent-arguments.ts";
import { fileSetText } from "./file-sets.ts";

const RETURNS_FD =
  /^(open|openat|openat2|open_by_handle_at|creat|dup|dup2|dup3|socket|accept|accept4|epoll_create|epoll_create1|eventfd|eventfd2|timerfd_create|signalfd|signalfd4|inotify_init|inotify_init1|fanotify_init|memfd_create|memfd_secret|pidfd_open|pidfd_getfd|perf_event_open|io_uring_setup|userfaultfd|mq_open)$/;
const RETURNS_ADDRESS = /^(mmap|mmap_pgoff|brk|mremap|shmat)$/;

export function resultText({ name, entry, exit }: Call, result: Recorded, pathOf: PathOf): string {
  const value = typeof result === "object" ? 0 : result;
  const number = Number(value);
  const error = errorText(number);
  if (error !== undefined) return error;
  if (RETURNS_ADDRESS.test(name)) return addressText(value).replace("NULL", "0");
  if (RETURNS_FD.test(name)) return descriptorText(number, pathOf);
  switch (name) {
    case "fcntl":
      return fcntlResult(Number(entry?.["cmd"] ?? -1), number, pathOf);
    case "prctl":
      return `${value}${dumpableText(Number(entry?.["option"] ?? -1), number)}`;
    case "umask":
      return number === 0 ? "0" : `0${number.toString(8)}`;
    case "poll":
    case "ppoll":
      return number === 0 ? "0 (Timeout)" : `${value}${polled(exit)}`;
    case "select":
    case "pselect6":
      return number === 0 ? "0 (Timeout)" : `${value}${selected(exit)}`;
    case "sched_getscheduler":
      return `${value} (${constantText("sched", number)})`;
    case "membarrier":
      return number === 0 ? "0" : `${hex(number)} (${flagsText("membarrier", number)})`;
    default:
      return String(value);
  }
}

const PR_GET_DUMPABLE = 3;

/** ` (SUID_DUMP_USER)` */
function dumpableText(option: number, result: number): string {
  const name = dumpable(result);
  return option === PR_GET_DUMPABLE && name !== undefined ? ` (${name})` : "";
}

/** ` ([{fd=4, revents=POLLIN}])`: what was ready. */
function polled(exit: Fields | undefined): string {
  const ready = exit?.["fds"];
  if (!Array.isArray(ready) || ready.length === 0) return "";
  const texts = ready.map((one) => polledText("revents", one as Fields, () => undefined));
  return ` ([${texts.join(", ")}])`;
}

/** ` (in [3], out [4])`: what was ready. */
function selected(exit: Fields | undefined): string {
  const sets = [
    ["in", "readfds"],
    ["out", "writefds"],
    ["except", "exceptfds"],
  ] as const;
  const texts = sets.flatMap(([what, field]) => {
    const bytes = exit?.[field];
    const isAny = Array.isArray(bytes) && bytes.some((byte) => Number(byte) !== 0);
    return isAny ? [`${what} ${fileSetText(bytes.map(Number), () => undefined)}`] : [];
  });
  return texts.length === 0 ? "" : ` (${texts.join(", ")})`;
}

function fcntlResult(command: number, result: number, pathOf: PathOf): string {
  switch (constantText("fcntl", command)) {
    case "F_DUPFD":
    case "F_DUPFD_CLOEXEC":
      return descriptorText(result, pathOf);
    case "F_GETFD":
      return result === 1 ? "0x1 (flags FD_CLOEXEC)" : String(result);
    case "F_GETFL":
      return `${hex(result)} (flags ${argumentText("open", "flags", result, pathOf)})`;
    case "F_GETSIG":
      return result === 0 ? "0" : `${result} (${signalText(result)})`;
    case "F_GETLEASE":
      return `${hex(result)} (${constantText("lease", result)})`;
    case "F_GET_SEALS":
      return result === 0 ? "0" : `${hex(result)} (seals ${flagsText("seal", result)})`;
    default:
      return String(result);
  }
}

/** `<0.000123>` */
export function durationText(ns: bigint): string {
  const micros = (ns + 500n) / 1000n;
  return `<${micros / 1_000_000n}.${String(micros % 1_000_000n).padStart(6, "0")}>`;
}
