import { FeedError } from "../base/errors.ts";
import { ipcWriter } from "../format/arrow/ipc-writer.ts";
import type { BatchWriter } from "../format/batch-writer.ts";
import { csvWriter } from "../format/csv.ts";
import { ndjsonWriter } from "../format/ndjson.ts";
import type { QueryRequest, ResultFormat } from "./query-request.ts";

/** What each format is called in HTTP. */
export const CONTENT_TYPE: Readonly<Record<ResultFormat, string>> = {
  arrow: "application/vnd.apache.arrow.stream",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
};

/** Media ranges that a format answers; ranges that several could answer get the first. */
const RANGES: readonly (readonly [string, ResultFormat])[] = [
  ["*/*", "arrow"],
  ["application/*", "arrow"],
  ["application/vnd.apache.arrow.stream", "arrow"],
  ["application/x-ndjson", "ndjson"],
  ["application/ndjson", "ndjson"],
  ["text/csv", "csv"],
  ["text/*", "csv"],
];

/**
 * The format that an `Accept` header asks for; Arrow if there is none.
 * @throws FeedError 406 `NOT_ACCEPTABLE`
 * @see RFC 9110 §12.5.1
 */
export function acceptedFormat(accept: string | undefined): ResultFormat {
  if (accept === undefined || accept.trim() === "") return "arrow";
  let best: ResultFormat | undefined;
  let bestQuality = 0;
  for (const part of accept.split(",")) {
    const [range = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = Number(/^q=([\d.]+)$/.exec(parameters.at(-1) ?? "")?.[1] ?? 1);
    const format = RANGES.find(([name]) => name === range)?.[1];
    if (format === undefined || !(quality > bestQuality)) continue;
    best = format;
    bestQuality = quality;
  }
  if (best !== undefined) return best;
  const known = "application/vnd.apache.arrow.stream, application/x-ndjson or text/csv";
  throw new FeedError("NOT_ACCEPTABLE", `Accept: expected ${known}, got ${accept}`, 406);
}

/** A writer of the request's format. */
export function batchWriter(format: ResultFormat, request: QueryRequest): BatchWriter {
  switch (format) {
    case "arrow":
      return ipcWriter(request);
    case "ndjson":
      return ndjsonWriter();
    case "csv":
      return csvWriter();
  }
}
