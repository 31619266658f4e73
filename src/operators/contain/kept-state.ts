/**
 * The events that tell the containers of recorded traces, kept between runs of the program: finding them means reading all of the
 * traces, and they are few.
 */

import { KeptValues, type ValueKind } from "../../base/kept-values.ts";
import type { Column, ColumnBatch } from "../../column/column.ts";
import { BatchGatherer } from "../../column/gather.ts";
import type { Schema } from "../../column/schema.ts";
import type { OpenedTraces } from "../../ctf/trace-directory.ts";
import { traceStamp } from "../../ctf/trace-stamp.ts";

/** Smaller traces are read as quickly. */
const WORTH_BYTES = 4 << 20;
/** What is kept of some traces at most. */
const MOST_ROWS = 100_000;
const MOST_TEXT_BYTES = 16 << 20;
const ROWS_EACH = 8192;

/** "TWN1" */
const KIND: ValueKind = { prefix: "containers-", magic: 0x314e5754, mostFiles: 16 };

/** Batches of one layout. */
export interface StateRows {
  readonly columns: Schema;
  readonly batches: readonly ColumnBatch[];
}

/** A column as it is kept: of a dictionary its texts. */
type KeptColumn = Exclude<Column, { kind: "dictionary" }> | KeptDictionary;
interface KeptDictionary extends Omit<Extract<Column, { kind: "dictionary" }>, "dictionary"> {
  readonly texts: readonly string[];
}
interface KeptRows {
  readonly columns: Schema;
  readonly batches: readonly (Omit<ColumnBatch, "columns"> & { columns: readonly KeptColumn[] })[];
}

/** What is kept of some traces, or can be. */
export class KeptState {
  readonly #traces: OpenedTraces;
  readonly #values: KeptValues<readonly KeptRows[]>;
  readonly #stamp: string;

  private constructor(
    traces: OpenedTraces,
    values: KeptValues<readonly KeptRows[]>,
    stamp: string,
  ) {
    this.#traces = traces;
    this.#values = values;
    this.#stamp = stamp;
  }

  /** Undefined where nothing can be kept of the traces, or it is not worth it. */
  static of(traces: OpenedTraces): KeptState | undefined {
    if (traces.failures.length > 0 || bytesOf(traces) < WORTH_BYTES) return undefined;
    const values = KeptValues.open<readonly KeptRows[]>(KIND);
    const stamp = values && traceStamp(traces.opened);
    return stamp === undefined ? undefined : new KeptState(traces, values!, stamp);
  }

  /** What an earlier run found. */
  read(): readonly StateRows[] | undefined {
    return this.#values
      .read(this.#stamp)
      ?.map(({ columns, batches }) => ({ columns, batches: batches.map(unpacked) }));
  }

  /** Keeps what this run found, unless the traces are others by now. */
  write(rows: readonly StateRows[]): void {
    if (traceStamp(this.#traces.opened) !== this.#stamp) return;
    const packed = rows.map(({ columns, batches }) => ({ columns, batches: batches.map(asKept) }));
    this.#values.write(this.#stamp, packed);
  }
}

/** Takes copies of rows as they pass, as long as they are few. */
export class StateLog {
  /** Undefined once it has been given up. */
  #rows: { readonly columns: Schema; readonly batches: ColumnBatch[] }[] | undefined = [];
  #gatherer: BatchGatherer | undefined;
  #count = 0;
  #textBytes = 0;

  /** The columns of the batches from here on. */
  layout(columns: Schema): void {
    if (this.#rows === undefined) return;
    this.#flush();
    this.#rows.push({ columns, batches: [] });
    this.#gatherer = new BatchGatherer(columns, ROWS_EACH);
  }

  add(batch: ColumnBatch): void {
    const gatherer = this.#gatherer;
    if (gatherer === undefined) return;
    this.#count += batch.rows;
    if (this.#count > MOST_ROWS) {
      this.giveUp();
      return;
    }
    for (let from = 0; from < batch.rows; ) {
      from += gatherer.append(batch, from, batch.rows);
      if (gatherer.rows === gatherer.capacity) this.#flush();
    }
    if (this.#textBytes + gatherer.extraBytes > MOST_TEXT_BYTES) this.giveUp();
  }

  /** Something is missing, or it is too much. */
  giveUp(): void {
    this.#rows = undefined;
    this.#gatherer = undefined;
  }

  /** All rows; `undefined` where they are not all. */
  take(): readonly StateRows[] | undefined {
    this.#flush();
    return this.#rows;
  }

  #flush(): void {
    if (this.#gatherer === undefined || this.#gatherer.rows === 0) return;
    this.#textBytes += this.#gatherer.extraBytes;
    this.#rows?.at(-1)?.batches.push(this.#gatherer.take());
  }
}

function bytesOf({ opened }: OpenedTraces): number {
  let sum = 0;
  for (const { packets } of opened.flatMap(({ streams }) => streams))
    for (const { bytes } of packets) sum += bytes;
  return sum;
}

function asKept(batch: ColumnBatch): KeptRows["batches"][number] {
  return { ...batch, columns: batch.columns.map(keptColumn) };
}

function keptColumn(column: Column): KeptColumn {
  if (column.kind !== "dictionary") return column;
  const { dictionary, ...rest } = column;
  const texts = Array.from({ length: dictionary.size }, (_, code) => dictionary.text(code));
  return { ...rest, texts };
}

function unpacked({ columns, ...rest }: KeptRows["batches"][number]): ColumnBatch {
  return { ...rest, columns: columns.map(usedColumn) };
}

function usedColumn(column: KeptColumn): Column {
  if (column.kind !== "dictionary") return column;
  const { texts, ...rest } = column;
  return { ...rest, dictionary: { size: texts.length, text: (code) => texts[code]! } };
}
