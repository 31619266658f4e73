/** Which sources are files of rows, or directories of them. */

import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { SourceError } from "../base/errors.ts";

const EXTENSION = /\.(arrows?|feather|parquet)$/;
/** What a recording calls its segments. */
const SEGMENT = /^(\d{6,})-(-?\d+)-(-?\d+)\.(arrow|parquet)$/;

export interface SegmentPath {
  readonly path: string;
  readonly format: "arrow" | "parquet";
}

/**
 * The files that sources are, oldest first within a directory; `undefined` where none is one.
 * @throws SourceError `SOURCE_MIXED`
 */
export function segmentPaths(sources: readonly string[]): readonly SegmentPath[] | undefined {
  const found = sources.map(pathsOf);
  if (found.every((paths) => paths === undefined)) return undefined;
  const at = found.indexOf(undefined);
  if (at !== -1)
    throw new SourceError(
      "SOURCE_MIXED",
      `sources: expected either files of rows or traces, got both; ${sources[at]} is none of the first`,
    );
  return found.flatMap((paths) => paths ?? []);
}

function pathsOf(source: string): readonly SegmentPath[] | undefined {
  const stats = statSync(source, { throwIfNoEntry: false });
  if (stats?.isFile()) {
    const format = formatOf(source);
    return format && [{ path: source, format }];
  }
  if (!stats?.isDirectory()) return undefined;
  const names = readdirSync(source);
  const segments = names.filter((name) => SEGMENT.test(name));
  if (segments.length === 0 || names.includes("metadata")) return undefined;
  return segments
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
    .map((name) => ({
      path: join(source, name),
      format: name.endsWith(".parquet") ? "parquet" : "arrow",
    }));
}

/** By how the file begins, else by its name: a file of another kind is then reported as what it should be. */
function formatOf(path: string): SegmentPath["format"] | undefined {
  const start = new Uint8Array(6);
  const file = openSync(path, "r");
  readSync(file, start, 0, start.length, 0);
  closeSync(file);
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("PAR1")) return "parquet";
  if (text === "ARROW1" || text.startsWith("\xff\xff\xff\xff")) return "arrow";
  const extension = EXTENSION.exec(path)?.[1];
  if (extension === undefined) return undefined;
  return extension === "parquet" ? "parquet" : "arrow";
}
