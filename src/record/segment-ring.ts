/** The whole segments of a recording, of which the oldest give way. */

import { readdirSync, rmSync, type Stats, statSync } from "node:fs";
import { join } from "node:path";
import { PART_PREFIX } from "../base/part-name.ts";
import { type Segment, segmentsOf } from "../segments/segment-names.ts";
import { makeFolder } from "./folder.ts";

export interface RingSpec {
  readonly folder: string;
  /** Of the segments, without a dot. */
  readonly extension: string;
  /** Bytes of all segments, beyond which the oldest are deleted. */
  readonly maxBytes: number | undefined;
  /** Segments, beyond which the oldest are deleted. */
  readonly maxSegments: number | undefined;
}

export class SegmentRing {
  readonly #spec: RingSpec;
  readonly #segments: { readonly segment: Segment; readonly bytes: number }[];

  /**
   * Makes the folder, or takes over what it has; what a recorder that was killed has begun goes.
   * @throws the system's error where the folder cannot be made or read
   */
  constructor(spec: RingSpec) {
    this.#spec = spec;
    const { folder, extension } = spec;
    makeFolder(folder);
    for (const name of readdirSync(folder))
      if (name.startsWith(PART_PREFIX))
        rmSync(join(folder, name), { recursive: true, force: true });
    this.#segments = segmentsOf(folder, extension).map((segment) => ({
      segment,
      bytes: sizeOf(join(folder, segment.name)),
    }));
  }

  /** The time of the last record: a recording goes on behind it. */
  get lastNs(): bigint | undefined {
    return this.#segments.at(-1)?.segment.lastNs;
  }

  /** Paths of the segments, oldest first. */
  get paths(): readonly string[] {
    return this.#segments.map(({ segment }) => join(this.#spec.folder, segment.name));
  }

  get nextNumber(): number {
    return (this.#segments.at(-1)?.segment.number ?? 0) + 1;
  }

  /** Takes a segment that is whole, and deletes the oldest that are too many. */
  add(segment: Segment): void {
    const { folder, maxBytes = Infinity, maxSegments = Infinity } = this.#spec;
    this.#segments.push({ segment, bytes: sizeOf(join(folder, segment.name)) });
    let all = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    while (this.#segments.length > 1 && (all > maxBytes || this.#segments.length > maxSegments)) {
      const oldest = this.#segments.shift()!;
      all -= oldest.bytes;
      rmSync(join(folder, oldest.segment.name), { recursive: true, force: true });
    }
  }
}

/** Bytes of a file, or of all files at and below a directory. */
function sizeOf(path: string): number {
  const stats: Stats = statSync(path);
  if (!stats.isDirectory()) return stats.size;
  return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}
