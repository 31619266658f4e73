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
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new FeedError("BAD_BODY", "body: expected all of it, got a part", 400, { cause: error });
  }
  if (bytes <= MAX_BODY_BYTES) return Buffer.concat(chunks).toString();
  const message = `body: expected at most ${MAX_BODY_BYTES} bytes, got more`;
  throw new FeedError("BODY_TOO_LARGE", message, 413);
}

/** The source that a query in JSON names; what is wrong with the rest is found where it runs. */
export function sourceIn(text: string): string | undefined {
  return textMember(text, "source");
}

/** The name of the query that a frame goes on with. */
export function resumeIn(text: string): string | undefined {
  return textMember(text, "resume");
}

function textMember(text: string, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return undefined;
    const member = (value as Record<string, unknown>)[name];
    return typeof member === "string" ? member : undefined;
  } catch {
    return undefined;
  }
}
