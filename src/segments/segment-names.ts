/** The files of a recording: `000012-FIRST-LAST.arrow`, with the times of their first and last rows in ns. */

import { readdirSync } from "node:fs";

/** A segment that is whole. */
export interface Segment {
  readonly name: string;
  readonly extension: string;
  readonly number: number;
  /** Times of its first and last row, ns since the Unix epoch. */
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

const NAME = /^(\d{6,})-(-?\d+)-(-?\d+)\.([a-z]+)$/;

export function segmentName(
  { number, firstNs, lastNs }: Omit<Segment, "name" | "extension">,
  extension: string,
): string {
  return `${String(number).padStart(6, "0")}-${firstNs}-${lastNs}.${extension}`;
}

/** The whole segments of a folder with one of these extensions, oldest first; other files are no concern of a recording. */
export function segmentsOf(folder: string, ...extensions: readonly string[]): readonly Segment[] {
  return readdirSync(folder)
    .flatMap((name): Segment[] => {
      const [, number, firstNs, lastNs, extension = ""] = NAME.exec(name) ?? [];
      if (!extensions.includes(extension)) return [];
      const times = { firstNs: BigInt(firstNs!), lastNs: BigInt(lastNs!) };
      return [{ name, extension, number: Number(number), ...times }];
    })
    .sort((a, b) => a.number - b.number);
}
