/** `GET` and `POST /v1/query`: the result streams until it ends or the client goes. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { QueryReceiver, QuerySender } from "./engine/engine-thread.ts";
import type { Asked } from "./engine/messages.ts";
import type { Client, QueryDesk } from "./query-desk.ts";
import { respondError } from "./reply.ts";
import { sourceIn } from "./request-body.ts";

/**
 * Answers a request for a query. Settles with the query running.
 *
 * @param report called with errors that come later
 * @throws FeedError, SourceError when it cannot begin
 */
export async function streamQuery(
  asked: Exclude<Asked, { kind: "frame" }>,
  client: Client,
  response: ServerResponse<IncomingMessage>,
  desk: QueryDesk,
  report: (error: unknown) => void,
): Promise<void> {
  const source =
    asked.kind === "url"
      ? (new URLSearchParams(asked.search).get("source") ?? undefined)
      : sourceIn(asked.text);
  const abort = new AbortController();
  const answer = new HttpAnswer(response, report);
  response.on("close", () => {
    abort.abort();
    answer.sender?.leave();
  });
  const request = { client, transport: "http", asked, about: { source } } as const;
  const sender = await desk.open(request, answer, abort, () => response.destroy());
  answer.sender = sender;
  // The client may have gone meanwhile.
  if (response.destroyed) sender.leave();
}

/** Longer headers are refused by some proxies. */
const MAX_NOTE_CHARS = 2000;

class HttpAnswer implements QueryReceiver {
  readonly #response: ServerResponse<IncomingMessage>;
  readonly #report: (error: unknown) => void;
  sender: QuerySender | undefined;

  constructor(response: ServerResponse<IncomingMessage>, report: (error: unknown) => void) {
    this.#response = response;
    this.#report = report;
  }

  head(contentType: string, notes: readonly string[]): void {
    const response = this.#response;
    if (response.headersSent || response.destroyed) return;
    if (notes.length > 0) response.setHeader("Tracewire-Notes", headerText(notes));
    response.writeHead(200, { "Content-Type": contentType });
    response.flushHeaders();
  }

  bytes(bytes: Uint8Array): void {
    this.#response.write(bytes, () => this.sender?.written(bytes.length));
  }

  /** HTTP has no frames. */
  text(): void {}

  end(): void {
    this.#response.end();
  }

  fail(error: Error, canEnd: boolean): void {
    this.#report(error);
    if (!this.#response.headersSent) respondError(this.#response, error);
    else if (canEnd) this.#response.end();
    else this.#response.destroy();
  }

  over(): void {}
}

/** Notes as a header's value: printable ASCII as it is, anything else as in URLs. */
function headerText(notes: readonly string[]): string {
  const text = notes.join(" / ").slice(0, MAX_NOTE_CHARS);
  const wellFormed = Buffer.from(text).toString();
  return wellFormed.replace(/[^\x20-\x7e]+|%/g, (part) => encodeURIComponent(part));
}
