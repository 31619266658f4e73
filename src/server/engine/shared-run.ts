/**
 * Equal queries on recorded traces that begin together: run and encoded once, and sent to each client as it takes.
 *
 *     traces → Delivery → SharedRun, a log of parts ─┬→ SharedDelivery → sink
 *                                                    └→ SharedDelivery → sink
 *
 * The run goes on while one of its clients has all that there is and takes more. What slower clients have not taken yet is
 * held, up to a bound. When that is reached, faster clients wait for a moment; then the slow ones go on in a run of
 * their own, which begins anew and skips what they have: a query on recorded traces gives the same parts each time.
 */

import type { Schema } from "../../column/schema.ts";
import type { Loss } from "../../feed/losses.ts";
import type { Delivery, Sink } from "./delivery.ts";
import { Meter } from "./meter.ts";
import type { Run, SharedDelivery, SharedPlan } from "./shared-delivery.ts";
import { type HeldBytes, type Part, SharedLog } from "./shared-log.ts";

/** What slower clients of one run have not taken yet, bytes. */
const RUN_BYTES = 4 << 20;
/** The same of all runs of a thread. */
const THREAD_BYTES = 64 << 20;
/** A result is held from its beginning for equal queries that come later, up to so many bytes. */
const BEGINNING_BYTES = 2 << 20;
/** With several clients, a run waits so long after its start before it gives up its beginning, in ms. */
const GATHER_MS = 50;
/** How long faster clients wait for slower ones, in ms. */
const LAG_MS = 100;

/** What a run asks of the others. */
export interface RunEvents {
  /** Another run, in which a slow client goes on. */
  another(delivery: SharedDelivery): Run;
  /** No other query can join any more. */
  closed(): void;
}

export class SharedRun implements Run, Sink {
  readonly log: SharedLog;
  readonly #held: HeldBytes;
  readonly #events: RunEvents;
  readonly #delivery: Delivery;
  readonly #deliveries = new Set<SharedDelivery>();
  readonly #meter: Meter;
  #chargedMs = 0;
  #isEnded = false;
  #isAdding = false;
  #beganMs: number | undefined;
  #start: NodeJS.Immediate | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #lagging: NodeJS.Timeout | undefined;

  constructor(plan: SharedPlan, held: HeldBytes, events: RunEvents) {
    this.log = new SharedLog(held);
    this.#held = held;
    this.#events = events;
    this.#meter = new Meter(() => this.#charge());
    this.#delivery = plan.open(this, this.#meter);
    // Queries whose messages have come already join before anything is dropped.
    this.#start = setImmediate(() => {
      this.#beganMs = performance.now();
      this.#delivery.start();
    });
  }

  /** Whether a query that has everything before a part can go on here. */
  canJoin(next: number): boolean {
    return !this.#isEnded && this.log.first <= next;
  }

  add(delivery: SharedDelivery): void {
    this.#deliveries.add(delivery);
  }

  /** A client has gone, or goes on elsewhere. */
  remove(delivery: SharedDelivery): void {
    if (!this.#deliveries.delete(delivery)) return;
    if (this.#deliveries.size === 0) this.#stop();
    else if (!this.#isAdding) this.goOn();
  }

  /** Some client has taken something, or has gone. */
  goOn(): void {
    this.#trim();
    this.#meter.run(() => this.#delivery.resume());
  }

  /** Whether rows wait for clients to take more. */
  get isWaiting(): boolean {
    return this.#delivery.isWaiting;
  }

  get isReady(): boolean {
    if (![...this.#deliveries].some((one) => one.isHungry)) return false;
    if (this.#mustGather()) {
      this.#gathering ??= setTimeout(() => this.goOn(), GATHER_MS);
      return false;
    }
    if (!this.#isFull) return true;
    this.#lagging ??= setTimeout(() => this.#leaveBehind(), LAG_MS);
    return false;
  }

  /** Rows wait in any case. */
  get isTaking(): boolean {
    return true;
  }

  columns(columns: Schema): void {
    this.#add({ kind: "columns", columns });
  }

  send(bytes: Uint8Array, isBatch: boolean, onSent?: () => void): void {
    const { rows, batches, late, unnamedRows, watermarkNs } = this.#delivery;
    const delivered = { rows, batches, late, unnamedRows, watermarkNs };
    this.#add({ kind: "bytes", bytes: new Uint8Array(bytes), isBatch, delivered });
    onSent?.();
  }

  loss(loss: Loss): void {
    this.#add({ kind: "loss", loss });
  }

  note(text: string): void {
    this.#add({ kind: "note", text });
  }

  end(): void {
    this.#close();
    this.#add({ kind: "end" });
  }

  fail(error: unknown): void {
    this.#close();
    this.#add({ kind: "fail", error });
  }

  get #isFull(): boolean {
    return this.log.bytes >= RUN_BYTES || this.#held.bytes >= THREAD_BYTES;
  }

  /** Whether equal queries are coming in that would be too late for the beginning. */
  #mustGather(): boolean {
    const { first, bytes } = this.log;
    const isBeginning = first === 0 && bytes >= BEGINNING_BYTES && this.#deliveries.size > 1;
    const sinceMs = performance.now() - (this.#beganMs ?? 0);
    return isBeginning && sinceMs < GATHER_MS && this.#held.bytes < THREAD_BYTES;
  }

  #add(part: Part): void {
    this.log.add(part);
    this.#isAdding = true;
    for (const delivery of [...this.#deliveries]) delivery.pump();
    this.#isAdding = false;
    this.#trim();
  }

  /** Drops what every client has, but for a beginning that others may ask for. */
  #trim(): void {
    const { first, bytes } = this.log;
    const isKept = first === 0 && bytes < BEGINNING_BYTES && this.#held.bytes < THREAD_BYTES;
    if ((isKept && !this.#isEnded) || this.#mustGather()) return;
    const all = [...this.#deliveries].map(({ next }) => next);
    this.log.dropBefore(Math.min(...all));
  }

  /** The clients that others wait for go on in another run. */
  #leaveBehind(): void {
    this.#lagging = undefined;
    const all = [...this.#deliveries];
    const isStill = this.#isFull && all.some((one) => one.isHungry);
    const least = this.log.bytes / 2;
    const slow = all.filter(({ next }) => this.log.endOffset - this.log.offset(next) > least);
    if (isStill) for (const delivery of slow) delivery.moveTo(this.#events.another(delivery));
    this.goOn();
  }

  /** Each query has used its part of the work. */
  #charge(): void {
    const ms = this.#meter.ms - this.#chargedMs;
    this.#chargedMs = this.#meter.ms;
    const each = ms / this.#deliveries.size;
    for (const delivery of [...this.#deliveries]) delivery.charge(each);
  }

  /** From here on no other query can join. */
  #close(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#events.closed();
  }

  #stop(): void {
    this.#close();
    clearImmediate(this.#start);
    // Timeouts that fire later find nothing to do.
    clearTimeout(this.#gathering);
    clearTimeout(this.#lagging);
    this.#delivery.stop();
    this.log.dropBefore(this.log.end);
  }
}
