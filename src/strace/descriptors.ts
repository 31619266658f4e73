/** Descriptors of processes as calls and other events change them: open, dup, close, exec, fork, state dump. */

import type { Call, Fields } from "../calls/call-line.ts";
import { Files } from "./files.ts";
import type { TracedEvent } from "./traced-event.ts";

const O_CLOEXEC = 0o2000000;
const FD_CLOEXEC = 1;
/** Of `fcntl`. @see asm-generic/fcntl.h, linux/fcntl.h */
const F_DUPFD = 0;
const F_SETFD = 2;
const F_DUPFD_CLOEXEC = 1030;
const CLOSE_RANGE_CLOEXEC = 4;

/** What a descriptor of a call without a path is. */
const ANONYMOUS: Readonly<Record<string, string>> = {
  socket: "socket",
  accept: "socket",
  accept4: "socket",
  epoll_create: "anon_inode:[eventpoll]",
  epoll_create1: "anon_inode:[eventpoll]",
  eventfd: "anon_inode:[eventfd]",
  eventfd2: "anon_inode:[eventfd]",
  timerfd_create: "anon_inode:[timerfd]",
  signalfd: "anon_inode:[signalfd]",
  signalfd4: "anon_inode:[signalfd]",
  inotify_init: "anon_inode:inotify",
  inotify_init1: "anon_inode:inotify",
  fanotify_init: "anon_inode:[fanotify]",
  pidfd_open: "anon_inode:[pidfd]",
  perf_event_open: "anon_inode:[perf_event]",
  io_uring_setup: "anon_inode:[io_uring]",
  userfaultfd: "anon_inode:[userfaultfd]",
};

export class Descriptors {
  readonly #files = new Files();

  pathOf(process: string, fd: number): string | undefined {
    return this.#files.pathOf(process, fd);
  }

  /** What a call did to the descriptors of its process. */
  apply(process: string, { name, entry, exit }: Call): void {
    const result = Number(exit?.["ret"] ?? -1);
    if (result < 0 || entry === undefined) return;
    const files = this.#files;
    const number = (field: string): number => Number(entry[field] ?? 0) | 0;
    const closesOnExec = (number("flags") & O_CLOEXEC) !== 0;
    switch (name) {
      case "open":
      case "openat":
      case "creat":
        files.open(
          process,
          result,
          openedPath(entry, (fd) => files.pathOf(process, fd)),
          closesOnExec,
        );
        break;
      case "close":
        files.close(process, number("fd"));
        break;
      case "dup":
        files.duplicate(process, number("fildes"), result, false);
        break;
      case "dup2":
      case "dup3":
        files.duplicate(process, number("oldfd"), result, closesOnExec);
        break;
      case "pipe":
      case "pipe2":
        for (const fd of pair(exit)) files.open(process, fd, "pipe", closesOnExec);
        break;
      case "socketpair":
        for (const fd of pair(exit))
          files.open(process, fd, "socket", (number("type") & O_CLOEXEC) !== 0);
        break;
      case "close_range":
        if ((number("flags") & CLOSE_RANGE_CLOEXEC) === 0)
          files.closeRange(process, Number(entry["fd"]), Number(entry["max_fd"]) >>> 0);
        break;
      case "fcntl":
        this.#fcntl(process, entry, result);
        break;
      case "execve":
      case "execveat":
        files.exec(process);
        break;
      default: {
        const what = ANONYMOUS[name];
        const isClosed = ((number("type") | number("flags")) & O_CLOEXEC) !== 0;
        if (what !== undefined) files.open(process, result, what, isClosed);
      }
    }
  }

  #fcntl(process: string, entry: Fields, result: number): void {
    const [fd, command] = [Number(entry["fd"]), Number(entry["cmd"])];
    if (command === F_DUPFD || command === F_DUPFD_CLOEXEC)
      this.#files.duplicate(process, fd, result, command === F_DUPFD_CLOEXEC);
    const path = this.#files.pathOf(process, fd);
    if (command === F_SETFD && path !== undefined)
      this.#files.open(process, fd, path, (Number(entry["arg"]) & FD_CLOEXEC) !== 0);
  }

  /** State dump, forks and exits. */
  follow(event: TracedEvent): void {
    const fields = event.payload();
    const { host } = event;
    const text = (field: string): string => String(fields[field] ?? "");
    switch (event.event) {
      case "lttng_statedump_process_state":
        this.#files.dumpProcess(`${host} ${text("pid")}`, `${host} ${text("file_table_address")}`);
        break;
      case "lttng_statedump_file_descriptor": {
        const isClosed = (Number(fields["flags"]) & O_CLOEXEC) !== 0;
        const table = `${host} ${text("file_table_address")}`;
        this.#files.dumpFile(table, Number(fields["fd"]), text("filename"), isClosed);
        break;
      }
      case "sched_process_fork":
        this.#files.fork(`${host} ${text("parent_pid")}`, `${host} ${text("child_pid")}`);
        break;
      case "sched_process_exit":
        if (event.pid === event.tid) this.#files.exit(`${host} ${event.pid}`);
        break;
    }
  }
}

/** Both descriptors that a call gives. */
function pair(values: Fields | undefined): readonly number[] {
  const ends = values?.["fildes"] ?? values?.["socket"];
  return Array.isArray(ends) ? ends.map(Number) : [];
}

/** A path relative to a descriptor that is known is that one's; an empty one could not be read. */
function openedPath(entry: Fields, pathOf: (fd: number) => string | undefined): string {
  const path = String(entry["filename"] ?? entry["pathname"] ?? "");
  const folder = entry["dfd"] === undefined ? undefined : pathOf(Number(entry["dfd"]));
  if (path === "") return path;
  return path.startsWith("/") || folder === undefined ? path : `${folder}/${path}`;
}
