/** Which sources are files of rows, or directories of them. */

import { closeSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { SourceError } from "../base/errors.ts";
import { openRegularFile, readAt } from "../ctf/data-files.ts";
import { segmentsOf } from "./segment-names.ts";

const EXTENSION = /\.(arrows?|feather|parquet)$/;

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
  const segments = segmentsOf(source, "arrow", "parquet");
  if (segments.length === 0 || existsSync(join(source, "metadata"))) return undefined;
  return segments.map(({ name, extension }) => ({
    path: join(source, name),
    format: extension === "parquet" ? "parquet" : "arrow",
  }));
}

/** By how the file begins, else by its name: a file of another kind is then reported as what it should be. */
function formatOf(path: string): SegmentPath["format"] | undefined {
  const start = new Uint8Array(6);
  const { fd } = openRegularFile(path);
  try {
    readAt(path, fd, start, 0);
  } finally {
    closeSync(fd);
  }
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("PAR1")) return "parquet";
  if (text === "ARROW1" || text.startsWith("\xff\xff\xff\xff")) return "arrow";
  const extension = EXTENSION.exec(path)?.[1];
  if (extension === undefined) return undefined;
  return extension === "parquet" ? "parquet" : "arrow";
}
