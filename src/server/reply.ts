import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { errorBody, httpStatus } from "./error-report.ts";

/** When what was refused for want of room may be tried again, in seconds. */
const RETRY_S = 5;
/** How long a refusal may take to be read, in ms. */
const REFUSAL_MS = 2000;
/** How long an answer that is whole may wait to be read, in ms. */
const UNREAD_MS = 30_000;
export const JSON_TYPE = "application/json; charset=utf-8";

/** A whole answer at once. */
export function respond(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Uint8Array,
): void {
  response.writeHead(status, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
  const timer = setTimeout(() => response.destroy(), UNREAD_MS).unref();
  response.on("close", () => clearTimeout(timer));
}

export function respondJson(response: ServerResponse, value: unknown): void {
  respond(response, 200, JSON_TYPE, JSON.stringify(value));
}

/** Before the first header: the error in place of the answer. */
export function respondError(response: ServerResponse, error: unknown): void {
  const status = httpStatus(error);
  if (status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  // What follows of a body that is not read is no request.
  if (status === 413 || status === 415) response.setHeader("Connection", "close");
  if (status === 429 || status === 503) response.setHeader("Retry-After", String(RETRY_S));
  respond(response, status, JSON_TYPE, errorBody(error));
}

/** Answers a request for a WebSocket that is not to become one. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const body = errorBody(error);
  const status = httpStatus(error);
  const head = [
    `HTTP/1.1 ${status} Refused`,
    "Connection: close",
    ...(status === 429 || status === 503 ? [`Retry-After: ${RETRY_S}`] : []),
    ...(status === 401 ? ["WWW-Authenticate: Bearer"] : []),
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  // The other side may keep its half open for ever.
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
  setTimeout(() => socket.destroy(), REFUSAL_MS).unref();
}
