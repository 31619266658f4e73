import type { IncomingMessage, ServerResponse } from "node:http";
import { acceptedFormat, type OpenedFormat, openFormat } from "./accepted-format.ts";
import { Delivery, type Sink } from "./delivery.ts";
import { errorBody } from "./error-report.ts";
import { queryFromUrl } from "./query-request.ts";
import { respondError } from "./reply.ts";
import type { ServedSources } from "./served-sources.ts";

/** A query that runs, as the server sees it: something to end. */
export interface RunningQuery {
  /** Ends it at once; its client sees a broken stream. */
  stop(): void;
}

/**
 * Answers `GET /v1/query`: streams the result until it ends or the client goes. A client that does not read is waited
 * for. Settles with the query running.
 *
 * @param report called with errors that come later
 * @throws FeedError, FilterError, SourceError, ProtocolError
 */
export async function streamQuery(
  request: IncomingMessage,
  search: URLSearchParams,
  response: ServerResponse,
  sources: ServedSources,
  report: (error: unknown) => void,
): Promise<RunningQuery> {
  const query = queryFromUrl(search);
  const format = await openFormat(query.format ?? acceptedFormat(request.headers.accept), query);
  const share = await sources.share(query.source, query.question);
  const sink = new HttpSink(response, format, report);
  const delivery = new Delivery(query, format, share, sink);
  response.on("drain", () => delivery.resume());
  response.on("close", () => delivery.stop());
  // The client may have gone while a session was being attached.
  if (response.destroyed) return delivery;
  delivery.start();
  // The first event of a live session may be far; a recorded trace soon shows whether it has the names asked for.
  if (share.isLive) sink.openSoon();
  return { stop: () => response.destroy() };
}

/** How long a live answer's headers wait for the query's first notes, in ms. */
const NOTE_WAIT_MS = 150;
/** Longer headers are refused by some proxies. */
const MAX_NOTE_CHARS = 2000;

class HttpSink implements Sink {
  readonly #response: ServerResponse;
  #notes: string[] = [];
  readonly #format: OpenedFormat;
  readonly #report: (error: unknown) => void;

  constructor(response: ServerResponse, format: OpenedFormat, report: (error: unknown) => void) {
    this.#response = response;
    this.#format = format;
    this.#report = report;
  }

  get isReady(): boolean {
    return !this.#response.writableNeedDrain;
  }

  /** Opens with the first column, or after a moment. */
  openSoon(): void {
    setTimeout(() => this.open(), NOTE_WAIT_MS);
  }

  open(): void {
    const response = this.#response;
    if (response.headersSent || response.writableEnded || response.destroyed) return;
    if (this.#notes.length > 0) response.setHeader("Tracewire-Notes", headerText(this.#notes));
    response.writeHead(200, { "Content-Type": this.#format.contentType });
    this.#response.flushHeaders();
  }

  columns(): void {
    this.open();
  }

  send(bytes: Uint8Array, _isBatch: boolean, onSent?: () => void): void {
    this.#response.write(bytes, onSent);
  }

  /** Losses are in the batches' metadata. */
  loss(): void {}

  /** What is known when the answer begins is in its headers: rows have no place for it. */
  note(text: string): void {
    if (!this.#response.headersSent) this.#notes.push(text);
  }

  end(): void {
    this.open();
    this.#response.end();
  }

  /** Only NDJSON has a place for an error behind rows; elsewhere the connection breaks. */
  fail(error: unknown): void {
    this.#report(error);
    if (!this.#response.headersSent) respondError(this.#response, error);
    else if (this.#format.hasErrorLines) this.#response.end(`${errorBody(error)}\n`);
    else this.#response.destroy();
  }
}

/** Notes as a header's value: printable ASCII as it is, anything else as in URLs. */
function headerText(notes: readonly string[]): string {
  const text = notes.join(" / ").slice(0, MAX_NOTE_CHARS);
  const wellFormed = Buffer.from(text).toString();
  return wellFormed.replace(/[^\x20-\x7e]+|%/g, (part) => encodeURIComponent(part));
}
