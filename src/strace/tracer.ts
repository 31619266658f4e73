/** System calls of tasks from their events: entries wait for their exits, descriptors are followed. */

import type { Recorded } from "./argument.ts";
import { argumentsText, type Call, durationText, type Fields, resultText } from "./call-line.ts";
import { callName, errorText } from "./constants.ts";
import { Files } from "./files.ts";

/** An event record, as it comes. */
export interface TracedEvent {
  readonly ns: bigint;
  readonly event: string;
  /** The machine. */
  readonly host: string;
  readonly pid: number;
  readonly tid: number;
  /** The process's id in its container, where that is recorded. */
  readonly vpid?: number;
  readonly command: string;
  readonly container: string;
  /** Parsed when it is needed. */
  readonly payload: () => Fields;
}

/** A system call that is over, or will not be seen to end. */
export interface TracedCall extends Pick<TracedEvent, "pid" | "tid" | "command" | "container"> {
  readonly name: string;
  readonly beginNs: bigint;
  readonly ns: bigint | undefined;
  readonly result: Recorded | undefined;
  readonly isFailed: boolean;
  /** In strace's grammar, without process and time. */
  readonly text: string;
}

interface Open {
  readonly event: TracedEvent;
  readonly name: string;
  readonly fields: Fields;
}

/** Calls that wait for their end. */
const MAX_OPEN = 100_000;
const O_CLOEXEC = 0o2000000;
const FD_CLOEXEC = 1;
/** Of `fcntl`. @see asm-generic/fcntl.h, linux/fcntl.h */
const F_DUPFD = 0;
const F_SETFD = 2;
const F_DUPFD_CLOEXEC = 1030;

const ENDLESS = /^(exit|exit_group|rt_sigreturn)$/;

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
  signalfd4: "anon_inode:[signalfd]",
  inotify_init1: "anon_inode:inotify",
};

export class CallTracer {
  readonly #files = new Files();
  readonly #open = new Map<string, Open>();
  readonly #isWanted: (name: string) => boolean;
  readonly #onCall: (call: TracedCall) => void;
  /** Entries that gave way, and ends of calls that began before. */
  unpaired = 0;

  /** @param isWanted whether calls of a name are given to `onCall` */
  constructor(isWanted: (name: string) => boolean, onCall: (call: TracedCall) => void) {
    this.#isWanted = isWanted;
    this.#onCall = onCall;
  }

  /** @param isShown whether the event's task is asked for; others are followed for their descriptors */
  take(event: TracedEvent, isShown: boolean): void {
    const match = /^(?:compat_)?syscall_(entry|exit)_(.+)$/.exec(event.event);
    if (match === null) this.#follow(event);
    else if (match[1] === "entry") this.#entry(event, match[2]!, isShown);
    else this.#exit(event, match[2]!, isShown);
  }

  /** Events were lost: ends that come now may be of calls that were not seen. */
  interrupt(isShown: (event: TracedEvent) => boolean): void {
    this.end(isShown);
  }

  /** Calls whose ends have not come, oldest first. */
  end(isShown: (event: TracedEvent) => boolean): void {
    const open = [...this.#open.values()].sort((a, b) => (a.event.ns < b.event.ns ? -1 : 1));
    this.#open.clear();
    for (const one of open) if (isShown(one.event)) this.#unfinished(one);
  }

  #entry(event: TracedEvent, recordedName: string, isShown: boolean): void {
    const key = `${event.host} ${event.tid}`;
    const before = this.#open.get(key);
    if (before !== undefined) this.unpaired++;
    const fields = event.payload();
    const name = realName(recordedName, fields);
    this.#open.delete(key);
    if (ENDLESS.test(name)) {
      if (isShown && this.#isWanted(name)) this.#last({ event, name, fields });
      return;
    }
    this.#open.set(key, { event, name, fields });
    if (this.#open.size <= MAX_OPEN) return;
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#open.delete(oldest);
    this.unpaired++;
  }

  #exit(event: TracedEvent, recordedName: string, isShown: boolean): void {
    const key = `${event.host} ${event.tid}`;
    const open = this.#open.get(key);
    const fields = event.payload();
    const name = realName(recordedName, fields);
    this.#open.delete(key);
    const entry = open?.name === name || recordedName === "unknown" ? open : undefined;
    if (open === undefined || entry === undefined) this.unpaired++;
    const call: Call = { name, entry: entry?.fields, exit: fields };
    const process = `${event.host} ${event.pid}`;
    if (isShown && this.#isWanted(name))
      this.#emit(event, entry, call, process, fields["ret"] ?? 0);
    else this.#apply(process, call);
  }

  #emit(
    event: TracedEvent,
    entry: Open | undefined,
    call: Call,
    process: string,
    result: Recorded,
  ): void {
    const pathOf = (fd: number): string | undefined => this.#files.pathOf(process, fd);
    // A file that the call closes has its name still, one that it opens has it already.
    const shown = entry === undefined ? "" : argumentsText(call, pathOf);
    this.#apply(process, call);
    const value = resultText(call, result, pathOf);
    const head = entry === undefined ? `<... ${call.name} resumed>` : `${call.name}(${shown}`;
    const { ns, pid, tid, command, container } = event;
    const beginNs = entry?.event.ns ?? ns;
    const length = entry === undefined ? "" : ` ${durationText(ns - beginNs)}`;
    this.#onCall({
      name: call.name,
      beginNs,
      ns: entry === undefined ? undefined : ns - beginNs,
      pid,
      tid,
      command,
      container,
      result,
      isFailed: errorText(Number(result)) !== undefined,
      text: `${head}) = ${value}${length}`,
    });
  }

  #unfinished(open: Open): void {
    if (!this.#isWanted(open.name)) return;
    this.#withoutEnd(open, (shown) => `${shown}${shown === "" ? "" : ", "}<unfinished ...>`);
  }

  /** A task's last call, which does not return. */
  #last(open: Open): void {
    this.#withoutEnd(open, (shown) => `${shown}) = ?`);
  }

  #withoutEnd({ event, name, fields }: Open, finish: (shown: string) => string): void {
    const process = `${event.host} ${event.pid}`;
    const call: Call = { name, entry: fields, exit: undefined };
    const shown = argumentsText(call, (fd) => this.#files.pathOf(process, fd));
    const { ns: beginNs, pid, tid, command, container } = event;
    this.#onCall({
      name,
      beginNs,
      ns: undefined,
      pid,
      tid,
      command,
      container,
      result: undefined,
      isFailed: false,
      text: `${name}(${finish(shown)}`,
    });
  }

  /** What a call did to the descriptors of its process. */
  #apply(process: string, { name, entry, exit }: Call): void {
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
        for (const fd of pipeEnds(entry, exit)) files.open(process, fd, "pipe", closesOnExec);
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
  #follow(event: TracedEvent): void {
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

function pipeEnds(entry: Fields, exit: Fields | undefined): readonly number[] {
  const ends = exit?.["fildes"] ?? entry["fildes"];
  return Array.isArray(ends) ? ends.map(Number) : [];
}

/** LTTng calls those unknown for which it has no table. */
function realName(name: string, fields: Fields): string {
  return name === "unknown" ? (callName(Number(fields["id"])) ?? name) : name;
}

/** A path relative to a descriptor that is known is that one's. */
function openedPath(entry: Fields, pathOf: (fd: number) => string | undefined): string {
  const path = String(entry["filename"] ?? entry["pathname"] ?? "");
  const folder = entry["dfd"] === undefined ? undefined : pathOf(Number(entry["dfd"]));
  return path.startsWith("/") || folder === undefined ? path : `${folder}/${path}`;
}
