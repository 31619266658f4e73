/**
 * Golden files: metadata, the bytes of one data stream, and the rows or the error that come of them.
 *
 * Three parts, each under a line `--- metadata`, `--- bytes`, `--- rows`; before them, in words, what the file shows. The
 * metadata of CTF 2 have one fragment per line, without record separators. Bytes are pairs of hexadecimal digits or
 * "quoted text"; `#` begins a comment. A row is a record as babeltrace2 prints it (with its clock value in ns where it has
 * one) and below it its payload as JSON; an error ends the rows.
 */

import { DecodeError, MetadataError } from "../../src/base/errors.ts";
import { planColumns } from "../../src/column/layout.ts";
import { type ColumnRequest, columnRequest } from "../../src/column/request.ts";
import { MetadataReader } from "../../src/ctf/metadata.ts";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import type { ScanSpec } from "../../src/scan/scanner.ts";
import { cell } from "../support/query.ts";
import { type Scan, scanWith } from "../support/scan.ts";

export interface GoldenFile {
  readonly words: string;
  readonly metadata: string;
  readonly bytes: string;
  readonly rows: string;
}

export function parseGolden(text: string): GoldenFile {
  const [words = "", metadata = "", bytes = "", rows = ""] = text.split(
    /^--- (?:metadata|bytes|rows)\n/m,
  );
  return { words, metadata, bytes, rows };
}

export function printGolden({ words, metadata, bytes, rows }: GoldenFile): string {
  return `${words}--- metadata\n${metadata}--- bytes\n${bytes}--- rows\n${rows}`;
}

export type Engine = "interpreter" | "kernel";

/** What a file's metadata and bytes give: the text of its last part. `all` has every field's column too. */
export function runGolden(file: GoldenFile, engine: Engine): { rows: string; all: string } {
  let traceClass: TraceClass;
  try {
    traceClass = traceClassOf(file.metadata);
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
    const rows = `error ${error.code}: ${error.message}\n`;
    return { rows, all: rows };
  }
  return scanAll(bytesOf(file.bytes), traceClass, engine);
}

/** Metadata as they lie in a file. */
export function metadataBytes(metadata: string): Uint8Array {
  const isCtf2 = metadata.startsWith("{");
  const text = isCtf2 ? metadata.replaceAll(/^\{/gm, "\x1e{") : metadata;
  return new TextEncoder().encode(text);
}

function traceClassOf(metadata: string): TraceClass {
  const reader = new MetadataReader();
  reader.append(metadataBytes(metadata));
  return reader.finish();
}

export function bytesOf(notation: string): Uint8Array {
  const bytes: number[] = [];
  for (const line of notation.split("\n")) {
    for (const [token, text] of line.matchAll(/"([^"]*)"|#.*|[0-9a-fA-F]{2}|\S+/g)) {
      if (token.startsWith("#")) continue;
      if (text !== undefined) bytes.push(...new TextEncoder().encode(text));
      else if (/^[0-9a-fA-F]{2}$/.test(token)) bytes.push(Number.parseInt(token, 16));
      else throw new Error(`no bytes: ${token}`);
    }
  }
  return Uint8Array.from(bytes);
}

/** Scans a file of packets; the rows' text, and all columns of all rows. */
export function scanAll(
  bytes: Uint8Array,
  traceClass: TraceClass,
  engine: Engine,
): { rows: string; all: string } {
  const scan = scanOf(traceClass, engine);
  let rows = "";
  let all = "";
  const fail = (error: DecodeError): void => {
    const text = `error ${error.code} at bit ${error.bitOffset}: ${error.message}\n`;
    rows += text;
    all += text;
  };
  for (let at = 0; at < bytes.length; ) {
    try {
      const rest = bytes.subarray(at);
      const header = readPacketHeader(rest, traceClass);
      const size = header.packetBits / 8;
      const outcome = scan(rest.subarray(0, size), header);
      for (const batch of outcome.rows) {
        for (let row = 0; row < batch.rows; row++) {
          const [record, json, ...others] = batch.columns.map((column) => cell(column, row));
          const hasClock = header.streamClass.clock !== undefined;
          rows += `${hasClock ? `${batch.timestamps[row]} ` : ""}${record}\n  ${json}\n`;
          all += `${printed([record, json, ...others])}\n`;
        }
      }
      if (outcome.error !== undefined) fail(outcome.error);
      at += size;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      fail(error);
      break;
    }
  }
  return { rows, all };
}

function printed(values: readonly unknown[]): string {
  return JSON.stringify(values, (_, value) => {
    if (typeof value === "bigint") return `${value}n`;
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  });
}

/** A scan of whole records, payloads as JSON, and every field of the payload. */
function scanOf(traceClass: TraceClass, engine: Engine): Scan {
  const names = new Set<string>();
  for (const { eventClasses } of traceClass.streamClasses.values()) {
    for (const { payload } of eventClasses.values())
      for (const { name } of payload?.members ?? []) names.add(`payload.${name}`);
  }
  // Beside the record, text and JSON of the payload are all that a kernel renders by itself.
  const requests: ColumnRequest[] = [
    { kind: "record" },
    { kind: "payload", style: "json" },
    { kind: "payload", style: "text" },
    ...[...names].map(columnRequest),
  ];
  const columns = planColumns(requests, [traceClass]);
  const spec: ScanSpec = {
    filter: undefined,
    events: [],
    columns,
    begin: undefined,
    end: undefined,
  };
  return scanWith(engine, spec, traceClass);
}
