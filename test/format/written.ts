import type { BatchWriter } from "../../src/format/batch-writer.ts";
import { batchOf, type MadeColumn, planned } from "./columns.ts";

const decoder = new TextDecoder("utf-8", { fatal: true });

/** Everything that a writer makes of batches with the same columns; fails if it is no UTF-8. */
export function written(
  writer: BatchWriter<Uint8Array>,
  ...batches: readonly (readonly MadeColumn[])[]
): string {
  const parts = [
    writer.begin(planned(batches[0] ?? [])),
    ...batches.map((columns) => writer.batch(batchOf(columns))),
    writer.end(),
  ];
  return decoder.decode(Buffer.concat(parts));
}
