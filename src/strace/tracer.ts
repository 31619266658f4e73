/** System calls of tasks from their events: entries wait for their exits, descriptors are followed. */

import type { Recorded } from "../calls/argument.ts";
import {
  argumentsText,
  type Call,
  type Fields,
  fieldsOf,
  resultsOf,
  unfinishedText,
} from "../calls/call-line.ts";
import { errorText } from "../calls/constants.ts";
import { callEvent, callOfEvent } from "../calls/names.ts";
import { durationText, resultText } from "../calls/result.ts";
import { Descriptors } from "./descriptors.ts";
import type { TracedEvent } from "./traced-event.ts";

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

/** Calls that give descriptors through an argument. */
const OPENS_IN_ARGUMENTS = /^(pipe|pipe2|socketpair)$/;

const ENDLESS = /^(exit|exit_group|rt_sigreturn)$/;

export class CallTracer {
  readonly #descriptors = new Descriptors();
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
    const call = callEvent(event.event);
    if (call === undefined) this.#descriptors.follow(event);
    else if (call.isEntry) this.#entry(event, call.recorded, isShown);
    else this.#exit(event, call.recorded, isShown);
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
    const recorded = event.payload();
    const name = callOfEvent(recordedName, Number(recorded["id"]));
    const fields = fieldsOf(name, recorded);
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
    const name = callOfEvent(recordedName, Number(fields["id"]));
    this.#open.delete(key);
    const entry = open?.name === name || recordedName === "unknown" ? open : undefined;
    if (open === undefined || entry === undefined) this.unpaired++;
    const call: Call = { name, entry: entry?.fields, exit: resultsOf(fields) };
    const process = `${event.host} ${event.pid}`;
    if (isShown && this.#isWanted(name))
      this.#emit(event, entry, call, process, fields["ret"] ?? 0);
    else this.#descriptors.apply(process, call);
  }

  #emit(
    event: TracedEvent,
    entry: Open | undefined,
    call: Call,
    process: string,
    result: Recorded,
  ): void {
    const pathOf = (fd: number): string | undefined => this.#descriptors.pathOf(process, fd);
    // A file that the call closes has its name still, one that it opens has it already.
    if (OPENS_IN_ARGUMENTS.test(call.name)) this.#descriptors.apply(process, call);
    const shown = entry === undefined ? "" : argumentsText(call, pathOf);
    if (!OPENS_IN_ARGUMENTS.test(call.name)) this.#descriptors.apply(process, call);
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
    this.#withoutEnd(open, unfinishedText, " <unfinished ...>");
  }

  /** A task's last call, which does not return. */
  #last(open: Open): void {
    this.#withoutEnd(open, argumentsText, ") = ?");
  }

  #withoutEnd({ event, name, fields }: Open, textOf: typeof argumentsText, end: string): void {
    const process = `${event.host} ${event.pid}`;
    const call: Call = { name, entry: fields, exit: undefined };
    const shown = textOf(call, (fd) => this.#descriptors.pathOf(process, fd));
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
      text: `${name}(${shown}${end}`,
    });
  }
}
