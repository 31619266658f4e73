/** Which records of a trace's packets are kept. */

import type { DecodeError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import type { ColumnBatch } from "../column/column.ts";
import { planColumns } from "../column/layout.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { TraceClass } from "../ctf/trace-class.ts";
import type { ScanSpec } from "../scan/scanner.ts";
import type { CutSpec, RecordChoice } from "./cut-spec.ts";
import { KeptRecords, PLACE_COLUMNS } from "./kept-records.ts";
import { type RecordKernels, RecordScan } from "./record-scan.ts";

export interface SelectedRecords {
  /** Valid until the next packet is looked at. */
  readonly records: KeptRecords;
  /** How many of them did not pass: records of their names are always kept. */
  readonly unwanted: number;
  /** Why the rest of the packet could not be read. */
  readonly error: DecodeError | undefined;
}

const EVERY_RECORD: ScanSpec = {
  filter: undefined,
  events: [],
  columns: [],
  begin: undefined,
  end: undefined,
};

export class PacketSelector {
  readonly #choice: RecordChoice | undefined;
  readonly #passing: RecordScan;
  /** Finds the records that are kept whether they pass or not; `undefined` where all that there are pass. */
  readonly #always: RecordScan | undefined;
  readonly #passed = new KeptRecords();
  readonly #kept = new KeptRecords();
  readonly #union = new KeptRecords();

  /** @param kernels of all selectors of the same question */
  constructor(
    { scan = EVERY_RECORD, choice, alwaysKept }: Pick<CutSpec, "scan" | "choice" | "alwaysKept">,
    traceClass: TraceClass,
    kernels: RecordKernels,
  ) {
    this.#choice = choice;
    const places = planColumns(PLACE_COLUMNS, [traceClass]);
    const columns = [...scan.columns, ...places];
    const passing = { ...scan, countsOnly: false, columns };
    this.#passing = new RecordScan(passing, traceClass, kernels.of("passing", columns));
    const always = { ...EVERY_RECORD, events: alwaysKept, columns: places };
    if (!passesEvery(scan, choice) && declaresAny(traceClass, alwaysKept))
      this.#always = new RecordScan(always, traceClass, kernels.of("always", places));
  }

  select(bytes: Uint8Array, header: PacketHeader): SelectedRecords {
    const passing = this.#passing.scan(bytes, header);
    const passed = this.#passed;
    passed.clear();
    for (const batch of passing.batches) this.#pass(batch);
    const { error } = passing;
    if (this.#always === undefined) return { records: passed, unwanted: 0, error };
    const kept = this.#kept;
    kept.clear();
    for (const batch of this.#always.scan(bytes, header).batches) kept.addBatch(batch);
    const unwanted = unite(passed, kept, this.#union);
    return { records: this.#union, unwanted, error };
  }

  close(): void {
    this.#passing.close();
    this.#always?.close();
  }

  #pass(batch: ColumnBatch): void {
    if (this.#choice === undefined) {
      this.#passed.addBatch(batch);
      return;
    }
    const own = batch.columns.slice(0, -PLACE_COLUMNS.length);
    const wanted = this.#choice.wanted({ ...batch, columns: own });
    const all = new KeptRecords();
    all.addBatch(batch);
    for (const row of wanted) this.#passed.add(all, row);
  }
}

function passesEvery({ filter, events, begin, end }: ScanSpec, choice: unknown): boolean {
  return [filter, begin, end, choice].every((one) => one === undefined) && events.length === 0;
}

function declaresAny({ streamClasses }: TraceClass, globs: readonly string[]): boolean {
  const all = [...streamClasses.values()].flatMap(({ eventClasses }) => [...eventClasses.values()]);
  return all.some(({ name }) => globs.some((glob) => globMatches(glob, name)));
}

/** Joins records of one packet in their order; gives how many are of the second only. */
function unite(first: KeptRecords, second: KeptRecords, union: KeptRecords): number {
  union.clear();
  let i = 0;
  for (let k = 0; k < second.count; k++) {
    const begin = second.begins[k]!;
    while (i < first.count && first.begins[i]! < begin) union.add(first, i++);
    if (i < first.count && first.begins[i] === begin) i++;
    union.add(second, k);
  }
  while (i < first.count) union.add(first, i++);
  return union.count - first.count;
}
