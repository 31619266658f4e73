/** The conversation on one WebSocket: a query and credit come in, frames of the result go out. */

import type { RawData, WebSocket } from "ws";
import { FeedError } from "../base/errors.ts";
import { typeName } from "../column/column.ts";
import type { Schema } from "../column/schema.ts";
import { describeLoss, type Loss, type LossAccount, lostPackets } from "../feed/losses.ts";
import { formatNamed } from "../format/formats.ts";
import { openFormat } from "./accepted-format.ts";
import { Delivery, type Sink } from "./delivery.ts";
import { closeCode, errorReport, isBug } from "./error-report.ts";
import { creditFromFrame, type QueryFrame, queryFromFrame } from "./query-request.ts";
import type { Resumable } from "./resumable.ts";
import type { ServedSources } from "./served-sources.ts";

/** Bytes that may wait in the socket: above the first no batch is added, below the second it goes on. */
const HIGH_WATER = 4 << 20;
const LOW_WATER = 2 << 20;

/** Between two status frames, and how long a client may keep its query to itself, in ms. */
const STATUS_INTERVAL = 1000;
const FIRST_FRAME_TIMEOUT = 30_000;

/** RFC 6455 §7.4.1. */
const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;

export class WebSocketQuery implements Sink {
  readonly #socket: WebSocket;
  readonly #sources: ServedSources;
  readonly #log: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #delivery: Delivery | undefined;
  #hasQuery = false;
  #credit = 0;
  readonly #resumable: Resumable | undefined;
  /** What the client can ask for again. */
  #id: string | undefined;

  constructor(
    socket: WebSocket,
    sources: ServedSources,
    log: (text: string) => void,
    resumable: Resumable | undefined,
  ) {
    this.#socket = socket;
    this.#sources = sources;
    this.#log = log;
    this.#resumable = resumable;
    this.#timer = setTimeout(() => this.fail(noQuery()), FIRST_FRAME_TIMEOUT);
    socket.on("message", (data, isBinary) => this.#onFrame(data, isBinary));
    socket.on("close", () => this.#leave());
  }

  /** Ends the query and says goodbye. */
  stop(): void {
    this.#release();
    this.#socket.close(CLOSE_GOING_AWAY, "the server ends");
  }

  get isReady(): boolean {
    return this.#credit > 0 && this.#socket.bufferedAmount < HIGH_WATER;
  }

  columns(columns: Schema): void {
    this.#status(columns);
  }

  send(bytes: Uint8Array, isBatch: boolean, onSent?: () => void): void {
    if (isBatch) this.#credit--;
    this.#socket.send(bytes, { binary: true }, () => {
      onSent?.();
      if (this.#socket.bufferedAmount <= LOW_WATER) this.#delivery?.resume();
    });
  }

  loss(loss: Loss): void {
    this.#sayIfRead({ type: "loss", ...lossFacts(loss), message: describeLoss(loss) });
  }

  note(text: string): void {
    this.#sayIfRead({ type: "note", text });
  }

  end(): void {
    this.#say({ type: "end", ...this.#totals() });
    this.#release();
    this.#socket.close(CLOSE_NORMAL);
  }

  fail(error: unknown): void {
    if (isBug(error)) this.#log(`WS /v1/query: ${error.stack ?? error.message}`);
    const report = errorReport(error);
    this.#say({ type: "error", error: report });
    this.#release();
    this.#socket.close(closeCode(error), report.code);
  }

  #onFrame(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    try {
      if (isBinary) throw new FeedError("BAD_FRAME", "frame: expected text, got binary", 400);
      const text = data.toString();
      if (this.#hasQuery) {
        const { credit, seq } = creditFromFrame(text);
        this.#credit += credit;
        if (seq !== undefined) this.#delivery?.acknowledge(seq);
        this.#delivery?.resume();
        return;
      }
      const frame = queryFromFrame(text);
      this.#hasQuery = true;
      clearTimeout(this.#timer);
      this.#run(frame).catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  async #run(frame: QueryFrame): Promise<void> {
    this.#credit += frame.credit;
    if ("resume" in frame) {
      this.#resume(frame.resume, frame.seq);
      return;
    }
    const { request } = frame;
    const format = await openFormat(request.format ?? formatNamed("arrow"), request);
    const share = await this.#sources.share(request.source, request.question);
    // The client may have gone while a session was being attached.
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const budget = this.#resumable?.budget;
    const delivery = new Delivery(request, format, share, this, budget);
    this.#delivery = delivery;
    this.#id = this.#resumable?.add(delivery);
    this.#status();
    this.#timer = setInterval(() => this.#status(), STATUS_INTERVAL);
    delivery.start();
  }

  /** Goes on with a query whose connection was lost, or is about to be. */
  #resume(id: string, seq: number): void {
    if (this.#resumable === undefined) {
      const message =
        "resume: expected a server that retains results (--retain), got one that does not";
      throw new FeedError("RESUME_UNKNOWN", message, 410);
    }
    const delivery = this.#resumable.find(id);
    this.#timer = setInterval(() => this.#status(), STATUS_INTERVAL);
    this.#delivery = delivery;
    this.#id = id;
    delivery.resumeWith(this, seq);
  }

  /** The connection is gone: the query waits for its client, if it can. */
  #leave(): void {
    clearTimeout(this.#timer);
    const isMine = this.#delivery?.isSentTo(this) === true;
    if (this.#id === undefined || !isMine) {
      if (isMine) this.#release();
      return;
    }
    this.#delivery?.suspend();
    this.#resumable?.hold(this.#id);
  }

  #release(): void {
    if (this.#id !== undefined) this.#resumable?.forget(this.#id);
    this.#id = undefined;
    // Timeouts and intervals are the same to Node.
    clearTimeout(this.#timer);
    this.#delivery?.stop();
  }

  #status(columns?: Schema): void {
    const described = columns?.map(({ name, type }) => ({ name, type: typeName(type) }));
    this.#sayIfRead({
      type: "status",
      ...(this.#id !== undefined && { query: this.#id }),
      ...this.#totals(),
      ...(described !== undefined && { columns: described }),
    });
  }

  #totals(): Record<string, unknown> {
    const delivery = this.#delivery;
    if (delivery === undefined) return { rows: 0, batches: 0 };
    const { rows, batches, watermarkNs, losses, late, unnamedRows, dropped } = delivery;
    return {
      rows,
      batches,
      // A number would not hold it.
      watermark_ns: watermarkNs === undefined ? null : String(watermarkNs),
      lost_events: losses.discardedEvents,
      lost_packets: lostPackets(losses),
      gaps: losses.gaps,
      clears: losses.clears,
      reconnects: losses.reconnects,
      late,
      unnamed_rows: unnamedRows,
      dropped,
      ...(losses.streams.size > 0 && { streams: streamFacts(losses) }),
    };
  }

  /** Sends what can be left out when a client does not read: later totals have it. */
  #sayIfRead(message: Record<string, unknown>): void {
    if (this.#socket.bufferedAmount < HIGH_WATER) this.#say(message);
  }

  #say(message: Record<string, unknown>): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** What each stream lost that lost anything. */
function streamFacts({ streams }: LossAccount): Record<string, unknown>[] {
  return [...streams].map(([stream, counts]) => ({
    stream,
    lost_events: counts.discardedEvents,
    lost_packets: lostPackets(counts),
  }));
}

function timeFact(ns: bigint | undefined): string | null {
  return ns === undefined ? null : String(ns);
}

function lossFacts(loss: Loss): Record<string, unknown> {
  const stream = loss.stream === undefined ? null : loss.stream.name;
  switch (loss.kind) {
    case "discarded-events": {
      const { kind, count, beginNs, endNs } = loss;
      return { kind, stream, count, begin_ns: timeFact(beginNs), end_ns: timeFact(endNs) };
    }
    case "missing-packets":
      return { kind: loss.kind, stream, count: loss.count, end_ns: timeFact(loss.endNs) };
    case "undecodable-packet":
      return { kind: loss.kind, stream, count: 1 };
    case "gap":
      return { kind: loss.kind, cause: loss.cause, stream, count: loss.packets ?? null };
  }
}

function noQuery(): FeedError {
  const message = `WS /v1/query: expected a query within ${FIRST_FRAME_TIMEOUT / 1000} s, got nothing`;
  return new FeedError("NO_QUERY", message, 408);
}
