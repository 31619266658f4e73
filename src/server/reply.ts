import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { errorBody, httpStatus } from "./error-report.ts";

const JSON_TYPE = "application/json; charset=utf-8";

/** A whole answer at once. */
export function respond(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
): void {
  response.writeHead(status, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}

export function respondJson(response: ServerResponse, value: unknown): void {
  respond(response, 200, JSON_TYPE, JSON.stringify(value));
}

/** Before the first header: the error in place of the answer. */
export function respondError(response: ServerResponse, error: unknown): void {
  const status = httpStatus(error);
  if (status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  respond(response, status, JSON_TYPE, errorBody(error));
}

/** Answers a request for a WebSocket that is not to become one. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const body = errorBody(error);
  const head = [
    `HTTP/1.1 ${httpStatus(error)} Refused`,
    "Connection: close",
    ...(httpStatus(error) === 401 ? ["WWW-Authenticate: Bearer"] : []),
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
