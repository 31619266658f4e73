/** Which records of a stream's packets are kept. */

import type { DecodeError } from "../base/errors.ts";
import { globMatches } from "../base/glob.ts";
import type { ColumnBatch } from "../column/column.ts";
import { SharedDictionary } from "../column/column-builder.ts";
import type { PacketHeader } from "../ctf/packet-header.ts";
import type { EventClass, TraceClass } from "../ctf/trace-class.ts";
import { InterpretingScanner } from "../scan/interpreter.ts";
import type { ScanSpec } from "../scan/scanner.ts";
import type { CutSpec } from "./cut-spec.ts";
import type { KeptRecord } from "./stream-cutter.ts";

export interface SelectedRecords {
  /** Valid until the next packet is looked at. */
  readonly records: readonly KeptRecord[];
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

interface SeenRecord extends KeptRecord {
  readonly isAlwaysKept: boolean;
  passes: boolean;
}

export class PacketSelector {
  readonly #scanner: InterpretingScanner;
  readonly #choice: CutSpec["choice"];
  readonly #alwaysKept: CutSpec["alwaysKept"];
  readonly #isAlwaysKept = new Map<EventClass, boolean>();
  #records: SeenRecord[] = [];

  constructor(
    { scan = EVERY_RECORD, choice, alwaysKept }: Pick<CutSpec, "scan" | "choice" | "alwaysKept">,
    traceClass: TraceClass,
  ) {
    this.#choice = choice;
    this.#alwaysKept = alwaysKept;
    this.#scanner = new InterpretingScanner(
      { ...scan, countsOnly: choice === undefined },
      scan.columns.map(() => new SharedDictionary()),
      traceClass,
      { host: undefined },
      (eventClass, beginBit, endBit, { hi, lo }, passes) => {
        const isAlwaysKept = this.#keepsAll(eventClass);
        if (!passes && !isAlwaysKept) return;
        const clock = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
        this.#records.push({ eventClass, beginBit, endBit, clock, isAlwaysKept, passes });
      },
    );
  }

  select(bytes: Uint8Array, header: PacketHeader): SelectedRecords {
    this.#records = [];
    const { rows, error } = this.#scanner.scan(bytes, header);
    if (this.#choice !== undefined) this.#choose(this.#choice, rows);
    const records = this.#records;
    const unwanted = records.reduce((sum, { passes }) => sum + (passes ? 0 : 1), 0);
    return { records, unwanted, error };
  }

  /** Rows are the records that passed the scan, in their order. */
  #choose(choice: NonNullable<CutSpec["choice"]>, batches: readonly ColumnBatch[]): void {
    const passed = this.#records.filter(({ passes }) => passes);
    for (const record of passed) record.passes = false;
    let first = 0;
    for (const batch of batches) {
      for (const row of choice.wanted(batch)) passed[first + row]!.passes = true;
      first += batch.rows;
    }
    this.#records = this.#records.filter(({ passes, isAlwaysKept }) => passes || isAlwaysKept);
  }

  #keepsAll(eventClass: EventClass): boolean {
    let always = this.#isAlwaysKept.get(eventClass);
    if (always === undefined) {
      always = this.#alwaysKept.some((glob) => globMatches(glob, eventClass.name));
      this.#isAlwaysKept.set(eventClass, always);
    }
    return always;
  }
}
