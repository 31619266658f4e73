/** The files of a recording: `000012-FIRST-LAST.arrow`, with the times of their first and last rows in ns. */

import { readdirSync } from "node:fs";

/** A segment that is whole. */
export interface Segment {
  readonly name: string;
  readonly number: number;
  /** Times of its first and last row, ns since the Unix epoch. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/** What a segment is called while it is written. */
export const PART_PREFIX = ".part-";

const NAME = /^(\d{6,})-(-?\d+)-(-?\d+)\.([a-z]+)$/;

export function segmentName(
  { number, firstNs, lastNs }: Omit<Segment, "name">,
  extension: string,
): string {
  return `${String(number).padStart(6, "0")}-${firstNs}-${lastNs}.${extension}`;
}

/** The whole segments of a folder, oldest first; other files are no concern of a recording. */
export function segmentsOf(folder: string, extension: string): readonly Segment[] {
  return readdirSync(folder)
    .flatMap((name): Segment[] => {
      const match = NAME.exec(name);
      if (match === null || match[4] !== extension) return [];
      return [
        { name, number: Number(match[1]), firstNs: BigInt(match[2]!), lastNs: BigInt(match[3]!) },
      ];
    })
    .sort((a, b) => a.number - b.number);
}
