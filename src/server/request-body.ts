/** Bodies of requests: JSON objects, of which the network's thread looks at what it must know. */

import type { IncomingMessage } from "node:http";
import { FeedError } from "../base/errors.ts";

/** A query is not longer. */
export const MAX_BODY_BYTES: number = 64 * 1024;

/** @throws FeedError 413 `BODY_TOO_LARGE`, 415 `BAD_CONTENT_TYPE`, 400 `BAD_BODY` when it breaks off */
export async function readBody(request: IncomingMessage): Promise<string> {
  const type = request.headers["content-type"]?.split(";")[0]?.trim().toLowerCase();
  // What a form of another site's page can send is none of the others.
  if (type !== "application/json") {
    const message = `Content-Type: expected application/json, got ${type ?? "none"}`;
    throw new FeedError("BAD_CONTENT_TYPE", message, 415);
  }
  const body = await upTo(request, MAX_BODY_BYTES);
  if (body !== undefined) return body.toString();
  const message = `body: expected at most ${MAX_BODY_BYTES} bytes, got more`;
  throw new FeedError("BODY_TOO_LARGE", message, 413);
}

/** All of a body; `undefined` as soon as it is larger. The request stays as it is, so that it can be answered. */
function upTo(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= most) {
        chunks.push(chunk);
        return;
      }
      request.pause();
      resolve(undefined);
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    const breakOff = (): void =>
      reject(new FeedError("BAD_BODY", "body: expected all of it, got a part", 400));
    request.on("error", breakOff);
    request.on("close", breakOff);
  });
}

/** The source that a query in JSON names; what is wrong with the rest is found where it runs. */
export function sourceIn(text: string): string | undefined {
  return textMember(text, "source");
}

/** The name of the query that a frame goes on with. */
export function resumeIn(text: string): string | undefined {
  return textMember(text, "resume");
}

/** The columns that a query in JSON asks for; those that are none, too. */
export function selectIn(text: string): readonly string[] {
  const select = memberIn(text, "select");
  const lists: readonly unknown[] = Array.isArray(select) ? select : [select];
  return lists.flatMap((list) => (typeof list === "string" && list !== "" ? list.split(",") : []));
}

function textMember(text: string, name: string): string | undefined {
  const member = memberIn(text, name);
  return typeof member === "string" ? member : undefined;
}

function memberIn(text: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}
