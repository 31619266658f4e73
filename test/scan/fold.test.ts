/** Rows that are equal but for their time become one: compared with a model that does the same to plain objects. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NumberType } from "../../src/column/column.ts";
import type { PlannedColumn } from "../../src/column/schema.ts";
import type { Folder } from "../../src/scan/kernel/fold/folder.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import type { Chunk } from "../../src/scan/kernel/memory/chunk.ts";
import { widthOf } from "../../src/scan/kernel/memory/columns.ts";
import type { Fold } from "../../src/scan/scanner.ts";
import { random } from "../support/random.ts";

const test = suite("scan/fold");

const field = (name: string, number: NumberType): PlannedColumn => ({
  name,
  request: { kind: "field", name },
  type: { kind: "number", number },
  nullable: true,
});
const COLUMNS: readonly PlannedColumn[] = [
  field("a", "uint8"),
  field("b", "uint16"),
  {
    name: "weight",
    request: { kind: "weight" },
    type: { kind: "number", number: "uint32" },
    nullable: false,
  },
  field("pid_ns", "uint32"),
  field("d", "uint64"),
];
const WEIGHT = 2;
const PID_NS = 3;

interface Row {
  time: bigint;
  /** By column; `undefined` where there is none. */
  values: (bigint | undefined)[];
}

/** A kernel with one chunk, in which rows are written and read. */
class Rows {
  readonly kernel = new Kernel(COLUMNS);
  readonly chunk: Chunk = this.kernel.chunks.take();

  folder(fold: Fold): Folder {
    const folder = this.kernel.folder(fold);
    assert.ok(folder);
    return folder!;
  }

  write(rows: readonly Row[], from: number): void {
    const { layout } = this.kernel.chunks;
    const view = this.#view();
    rows.forEach(({ time, values }, i) => {
      const row = from + i;
      view.setBigInt64(layout.timestamps + row * 8, time, true);
      values.forEach((value, column) => {
        const { slot, values: at, validity } = layout.places[column]!;
        const width = this.#width(column);
        if (value === undefined) {
          const byte = validity + (row >> 3);
          view.setUint8(byte, view.getUint8(byte) & ~(1 << (row & 7)));
          view.setInt32(slot, view.getInt32(slot, true) + 1, true);
        } else if (width === 1) view.setUint8(at + row, Number(value));
        else if (width === 2) view.setUint16(at + row * 2, Number(value), true);
        else if (width === 4) view.setUint32(at + row * 4, Number(value), true);
        else view.setBigUint64(at + row * 8, value, true);
      });
    });
  }

  read(from: number, to: number): Row[] {
    const { layout } = this.kernel.chunks;
    const view = this.#view();
    return Array.from({ length: to - from }, (_, i) => {
      const row = from + i;
      const values = layout.places.map(({ values: at, validity }, column) => {
        if (!this.#isMarked(validity, row)) return undefined;
        const width = this.#width(column);
        if (width === 1) return BigInt(view.getUint8(at + row));
        if (width === 2) return BigInt(view.getUint16(at + row * 2, true));
        if (width === 4) return BigInt(view.getUint32(at + row * 4, true));
        return view.getBigUint64(at + row * 8, true);
      });
      return { time: view.getBigInt64(layout.timestamps + row * 8, true), values };
    });
  }

  /** How many nulls the chunk says that each column has. */
  get nulls(): number[] {
    return this.kernel.chunks.layout.places.map(({ slot }) => this.#view().getInt32(slot, true));
  }

  /** Whether rows that are appended later find every mark set. */
  isCleanFrom(row: number): boolean {
    const { layout } = this.kernel.chunks;
    return layout.places.every(({ validity }) => {
      for (let at = row; at < layout.rows; at++) if (!this.#isMarked(validity, at)) return false;
      return true;
    });
  }

  #isMarked(validity: number, row: number): boolean {
    return (this.#view().getUint8(validity + (row >> 3)) & (1 << (row & 7))) !== 0;
  }

  #view(): DataView {
    return new DataView(this.kernel.memory.memory.buffer, this.chunk.address);
  }

  #width(column: number): 1 | 2 | 4 | 8 {
    const { type } = COLUMNS[column]!;
    return type.kind === "number" ? widthOf(type.number) : 4;
  }
}

/** What folding should give. */
function folded(rows: readonly Row[], { paneNs, cuts, ignored }: Fold): Row[] {
  const result: Row[] = [];
  const known = new Map<string, Row>();
  rows.forEach((row, i) => {
    const copy = { time: row.time, values: [...row.values] };
    const pane =
      paneNs === undefined ? 0n : (row.time - (((row.time % paneNs) + paneNs) % paneNs)) / paneNs;
    const piece = cuts.filter((cut) => cut <= row.time).length;
    const key = row.values.map((value, column) =>
      column === WEIGHT || ignored?.columns.includes(column) ? "" : String(value),
    );
    const whole = `${pane} ${piece} ${key.join()}`;
    const isLast = paneNs === undefined && i === rows.length - 1;
    const isBare = ignored !== undefined && (row.values[ignored.unless] ?? 0n) === 0n;
    const other = isLast || isBare ? undefined : known.get(whole);
    if (other !== undefined) {
      other.values[WEIGHT]! += row.values[WEIGHT]!;
      return;
    }
    result.push(copy);
    if (!isLast && !isBare) known.set(whole, copy);
  });
  return result;
}

function nullsOf(rows: readonly Row[]): number[] {
  return COLUMNS.map((_, i) => rows.filter(({ values }) => values[i] === undefined).length);
}

const FOLDS: Readonly<Record<string, Fold>> = {
  "in any time": { paneNs: undefined, cuts: new BigInt64Array(0) },
  "in panes": { paneNs: 1000n, cuts: new BigInt64Array(0) },
  "between cuts": { paneNs: undefined, cuts: BigInt64Array.of(-500n, 100n, 101n, 4000n) },
  "in panes and between cuts": { paneNs: 700n, cuts: BigInt64Array.of(350n, 351n) },
  "by namespace": {
    paneNs: 5000n,
    cuts: new BigInt64Array(0),
    ignored: { columns: [0, 4], unless: PID_NS },
  },
};

for (const [what, fold] of Object.entries(FOLDS)) {
  test(`${what}: rows, weights, nulls and marks are the model's, behind other rows and again and again`, () => {
    const below = random(`fold ${what}`);
    const rowsOf = (count: number, first: bigint): Row[] => {
      let time = first;
      return Array.from({ length: count }, () => {
        time += BigInt(below(40));
        const value = (range: number): bigint | undefined =>
          below(5) === 0 ? undefined : BigInt(below(range));
        return {
          time,
          values: [value(3), value(2), 1n, value(3), below(2) === 0 ? 2n ** 63n : value(2)],
        };
      });
    };
    for (let round = 0; round < 40; round++) {
      const rows = new Rows();
      const folder = rows.folder(fold);
      const before = rowsOf(below(20), -5000n);
      rows.write(before, 0);
      const from = before.length;
      const all = rowsOf(2 + below(1500), -1000n);
      // In two parts, as a packet's rows come when a chunk was full.
      const half = below(all.length);
      rows.write(all.slice(0, half), from);
      const kept = folder.fold(rows.chunk.address, from, from + half);
      rows.write(all.slice(half), kept);
      const end = folder.fold(rows.chunk.address, from, kept + all.length - half);
      const expected = folded([...folded(all.slice(0, half), fold), ...all.slice(half)], fold);
      assert.equal(rows.read(from, end), expected);
      assert.equal(rows.read(0, from), before, "rows before are left alone");
      assert.equal(rows.nulls, nullsOf([...before, ...expected]));
      assert.ok(rows.isCleanFrom(end));
    }
  });
}

test("rows without an equal are all there, however many, and folding in vain is given up", () => {
  const rows = new Rows();
  const folder = rows.folder({ paneNs: 1_000_000n, cuts: new BigInt64Array(0) });
  const all = Array.from(
    { length: 4000 },
    (_, i): Row => ({
      time: BigInt(i),
      values: [0n, 0n, 1n, 1n, BigInt(i)],
    }),
  );
  rows.write(all, 0);
  for (let i = 0; i < 20; i++) assert.is(folder.fold(rows.chunk.address, 0, 4000), 4000);
  assert.equal(rows.read(0, 4000), all);
});

test("texts cannot be folded", () => {
  const text: PlannedColumn = {
    ...field("text", "uint8"),
    type: { kind: "utf8", content: "mixed" },
  };
  const kernel = new Kernel([...COLUMNS, text]);
  assert.is(kernel.folder({ paneNs: undefined, cuts: new BigInt64Array(0) }), undefined);
});

test.run();
