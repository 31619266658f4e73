/** An operator of one's own: reports long silences between events. `node operator.js ./trace`. */

import { type ColumnBatch, type Emit, type Operator, query } from "tracewire";

class ReportSilence implements Operator {
  #lastNs: bigint | undefined;

  batch(batch: ColumnBatch, out: Emit): void {
    for (const ns of batch.timestamps.subarray(0, batch.rows)) {
      const silence = ns - (this.#lastNs ?? ns);
      if (silence > 5_000_000n) out.note(`${ns}: ${silence / 1000n} µs of silence before`);
      this.#lastNs = ns;
    }
    out.batch(batch);
  }
}

const events = query(process.argv[2] ?? "./trace", { select: ["event"], onNote: console.log });
events
  .pipe(() => new ReportSilence())
  .batches()
  .subscribe();
