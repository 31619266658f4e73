/** Polls one runtime, and asks it at once when it announces a change. */

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { TraceError } from "../base/errors.ts";
import { messageOf } from "../base/system-error.ts";
import { ownerOf } from "./path-owner.ts";
import type { RuntimePlace } from "./places.ts";
import { Problems } from "./problems.ts";
import { startTicksOf } from "./process.ts";
import {
  ANSWER_LIMIT_MS,
  type Announced,
  type FoundContainer,
  SYSTEM_LIMITS,
  USER_LIMITS,
} from "./runtime.ts";

/** Pauses between questions after an announcement, in ms: it may come before the container has a process. */
const FOLLOW_UPS_MS = [50, 150, 500, 1000];
/** Periods between questions to a runtime that announces changes. */
const ANNOUNCING_PERIODS = 5;
/** Shortest pause between two questions, however many announcements arrive, in ms. */
const LEAST_PAUSE_MS = 10;
const LEAST_PAUSE_OF_USERS_MS = 200;
/** The kernel's invalid user id. */
const NO_USER = 2 ** 32 - 1;
/** Bytes of one text in a record; the tracepoint provider has the same limit. */
const MAX_TEXT_BYTES = 1023;

/** A container with the identity of its first process, whose id another process may have later. */
export interface KnownContainer extends FoundContainer {
  readonly startTicks: number;
  /** Valid only if this user owns the process; 0 for any process. */
  readonly scopeUid: number;
}

export interface WatchCallbacks {
  /** It has answered, or failed to. */
  readonly answer: (watch: RuntimeWatch) => void;
  readonly announced: (watch: RuntimeWatch, announced: Announced) => void;
  /** One line: the runtime fails, or answers again. */
  readonly problem: (text: string) => void;
}

export class RuntimeWatch {
  /** Containers of the last answer whose first process was running. */
  found: readonly KnownContainer[] = [];
  readonly title: string;
  /** Settles with the first answer. */
  readonly answered: Promise<void>;
  readonly #place: RuntimePlace;
  readonly #on: WatchCallbacks;
  readonly #problems: Problems;
  readonly #end = new AbortController();
  #onAnswered: () => void = () => {};
  /** When it was asked for the last listing. */
  listedAtMs: number = Number.NEGATIVE_INFINITY;
  /** The unprivileged user who controls its path; 0 for none, `undefined` until that is known. */
  #user: number | undefined;
  #isAnnouncing = false;
  #isDirty = false;
  #isPending = false;
  #wake: () => void = () => {};

  constructor(place: RuntimePlace, on: WatchCallbacks) {
    this.#place = place;
    this.title = place.runtime.title;
    this.#on = on;
    // Each pending question adds a listener.
    setMaxListeners(0, this.#end.signal);
    this.#problems = new Problems(this.title, on.problem);
    this.answered = new Promise((resolve) => {
      this.#onAnswered = resolve;
    });
  }

  /** Whether only root, or the user that we run as, controls it. */
  get isTrusted(): boolean {
    return this.#user === 0;
  }

  /** A container of this runtime with the identity of its process. */
  bound(found: FoundContainer, startTicks: number): KnownContainer {
    const scopeUid = this.isTrusted ? (found.uid ?? 0) : (this.#user ?? NO_USER);
    return { ...withinBounds(found), startTicks, scopeUid };
  }

  /** Asks until every container has an answer or its time limit has passed. Never rejects. */
  async once(): Promise<void> {
    const deadline = performance.now() + ANSWER_LIMIT_MS + 1000;
    do await this.#ask();
    while (this.#isPending && performance.now() < deadline);
    this.#problems.end();
    if (this.#isPending)
      this.#problems.failure("pending", "some containers were not inspected in time");
  }

  /** Follows until `stop`; then settles when everything has ended. */
  async follow(periodMs: number): Promise<void> {
    const { signal } = this.#end;
    const announcing = this.#announcements(periodMs);
    for (let calm = 0; !signal.aborted; calm++) {
      if (this.#isDirty) calm = 0;
      this.#isDirty = false;
      await this.#ask();
      const usual = periodMs * (this.#isAnnouncing ? ANNOUNCING_PERIODS : 1);
      if (this.#isPending) calm = Math.min(calm, FOLLOW_UPS_MS.length - 2);
      const least = this.isTrusted ? LEAST_PAUSE_MS : LEAST_PAUSE_OF_USERS_MS;
      await sleep(least, undefined, { signal }).catch(() => undefined);
      await this.#pause(Math.min(FOLLOW_UPS_MS[calm] ?? usual, usual));
    }
    await announcing;
  }

  /** Asks without waiting for the next period. */
  askSoon(): void {
    this.#isDirty = true;
    this.#wake();
  }

  stop(): void {
    this.#end.abort();
    this.#wake();
  }

  /** Without an answer, the known containers stay as long as their processes run. */
  async #ask(): Promise<void> {
    this.#isPending = false;
    const failure = await this.#list().catch((error: unknown) => this.#explain(error));
    if (!this.#end.signal.aborted) this.#problems.failure(failure.kind, failure.text);
    if (!this.#isPending) this.#onAnswered();
    this.#on.answer(this);
  }

  async #list(): Promise<{ readonly kind: string; readonly text: string }> {
    const { runtime, path, isNamed } = this.#place;
    const owner = await ownerOf(path);
    if (owner.kind === "absent") return { kind: isNamed ? "absent" : "", text: "no such file" };
    if (owner.kind === "denied" && !isNamed && this.#place.isUserOwned)
      return { kind: "", text: "" };
    if (owner.kind === "denied" || owner.kind === "unsafe")
      return { kind: owner.kind, text: owner.reason };
    this.#user = owner.kind === "user" ? owner.uid : 0;
    const askedAtMs = performance.now();
    const known = this.found.filter((one) => startTicksOf(one.initPid) === one.startTicks);
    const limits = this.isTrusted ? SYSTEM_LIMITS : USER_LIMITS;
    const listing = await runtime.list({ known, limits, signal: this.#end.signal });
    this.#isPending = listing.isPending;
    this.listedAtMs = askedAtMs;
    this.found = this.#boundAll(listing.containers, known);
    this.#problems.details(listing.problems);
    return { kind: "", text: "" };
  }

  #explain(error: unknown): { readonly kind: string; readonly text: string } {
    const kind = error instanceof TraceError ? error.code : "failed";
    // Only runtimes that the operator has named are expected to be present.
    if (kind === "RUNTIME_ABSENT" && !this.#place.isNamed) return { kind: "", text: "" };
    return { kind, text: messageOf(error) };
  }

  /** Adds the identity of the process that has the reported id at the time of the answer. */
  #boundAll(
    containers: readonly FoundContainer[],
    known: readonly KnownContainer[],
  ): readonly KnownContainer[] {
    const before = new Map(known.map((one) => [`${one.initPid} ${one.id}`, one]));
    return containers.flatMap((found) => {
      const { initPid, id } = found;
      const startTicks = before.get(`${initPid} ${id}`)?.startTicks ?? startTicksOf(initPid);
      return startTicks === undefined ? [] : this.bound(found, startTicks);
    });
  }

  async #announcements(periodMs: number): Promise<void> {
    const { runtime, path } = this.#place;
    const { signal } = this.#end;
    if (runtime.watch === undefined) return;
    while (!signal.aborted) {
      const owner = await ownerOf(path);
      if (owner.kind === "system" || owner.kind === "user") {
        this.#user = owner.kind === "user" ? owner.uid : 0;
        this.#isAnnouncing = true;
        const onChange = (announced?: Announced): void => this.#announced(announced);
        await runtime.watch(onChange, signal, this.isTrusted);
        this.#isAnnouncing = false;
      }
      await sleep(periodMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #announced(announced: Announced | undefined): void {
    if (announced !== undefined) this.#on.announced(this, announced);
    this.askSoon();
  }

  #pause(ms: number): Promise<void> {
    if (this.#isDirty || this.#end.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Cuts texts to the limit, between two characters, and replaces lone surrogates. */
function withinBounds(found: FoundContainer): FoundContainer {
  const { name, type, id, image, pod, podNamespace } = found;
  return {
    initPid: found.initPid,
    name: cut(name),
    type: cut(type),
    id: cut(id),
    image: cut(image),
    pod: cut(pod),
    podNamespace: cut(podNamespace),
  };
}

function cut(text: string): string {
  const bytes = Buffer.from(text.slice(0, MAX_TEXT_BYTES));
  let end = Math.min(bytes.length, MAX_TEXT_BYTES);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.toString("utf8", 0, end);
}
