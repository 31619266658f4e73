/** Columns through `ipcWriter` and back with apache-arrow. */

import { MessageReader, RecordBatchReader, type Table, tableFromIPC } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { NUMBER_TYPES, type NumberType } from "../../../src/column/column.ts";
import { Dictionary } from "../../../src/column/dictionary.ts";
import { type IpcOptions, ipcWriter } from "../../../src/format/arrow/ipc-writer.ts";
import { random } from "../../support/random.ts";
import {
  batchOf,
  dictionary,
  list,
  type MadeColumn,
  number,
  planned,
  timestamp,
  utf8,
  type Value,
} from "../columns.ts";

const test = suite("format/arrow/ipc");

const DELTA: IpcOptions = { dictionaries: "delta", framing: "stream" };
const PLAIN: IpcOptions = { dictionaries: "plain", framing: "stream" };

const NOW = 1_795_337_745_145_896_646n;

/** The least and the greatest value, and some between. */
const EXAMPLES: Readonly<Record<NumberType, readonly (number | bigint)[]>> = {
  int8: [-128, -1, 0, 127],
  int16: [-32_768, -1, 0, 32_767],
  int32: [-(2 ** 31), -1, 0, 2 ** 31 - 1],
  int64: [-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n],
  uint8: [0, 1, 128, 255],
  uint16: [0, 1, 32_768, 65_535],
  uint32: [0, 1, 2 ** 31, 2 ** 32 - 1],
  uint64: [0n, 1n, 2n ** 63n, 2n ** 64n - 1n],
  float32: [-0.5, 0, Math.fround(0.1), Number.POSITIVE_INFINITY],
  float64: [-0.1, 0, Number.MAX_VALUE, Number.NEGATIVE_INFINITY],
};

/** The batches' pieces as a writer gives them. */
function pieces(batches: readonly (readonly MadeColumn[])[], options: IpcOptions): Uint8Array[] {
  const writer = ipcWriter(options);
  return [
    writer.begin(planned(batches[0] ?? [])),
    ...batches.map((columns) => writer.batch(batchOf(columns))),
    writer.end(),
  ];
}

function written(batches: readonly (readonly MadeColumn[])[], options: IpcOptions = DELTA): Table {
  return tableFromIPC(Buffer.concat(pieces(batches, options)));
}

/** A column's values, lists as arrays. */
function valuesOf(table: Table, name: string): Value[] {
  const column = table.getChild(name);
  assert.ok(column, `${name} is there`);
  return Array.from(column, (value) =>
    value !== null && typeof value === "object" ? Array.from(value as Iterable<number>) : value,
  );
}

for (const type of NUMBER_TYPES) {
  test(`keeps every ${type}, and which rows have none`, () => {
    const values = EXAMPLES[type];
    const table = written([
      [number("all", type, values), number("some", type, [null, values[3]!, null, values[0]!])],
    ]);
    assert.equal(valuesOf(table, "all"), [...values]);
    assert.equal(valuesOf(table, "some"), [null, values[3], null, values[0]]);
    assert.is(table.getChild("some")?.nullCount, 2);
    assert.is(String(table.schema.fields[0]?.type).toLowerCase(), type);
  });

  test(`keeps lists of ${type}, empty and absent ones too`, () => {
    const [a, b, c, d] = EXAMPLES[type] as [number, number, number, number];
    const values = [[a], [], null, [b, c, d]];
    assert.equal(valuesOf(written([[list("l", type, values)]]), "l"), values);
  });
}

test("keeps times to the nanosecond, as UTC", () => {
  const values = [NOW, 0n, -1n, 2n ** 63n - 1n];
  const table = written([[timestamp("timestamp", values)]]);
  const { type } = table.schema.fields[0]!;
  assert.is(String(type), "Timestamp<NANOSECOND, UTC>");
  assert.equal([...(table.getChild("timestamp")!.toArray() as BigInt64Array)], values);
});

test("keeps texts of every length and script", () => {
  const values = ["", null, "a", "zwölf Boxkämpfer", "🐿️".repeat(1000), "a\0b\n"];
  const table = written([
    [utf8("text", values), utf8("json", ["1", "2", "3", "4", "5", "6"], true)],
  ]);
  assert.equal(valuesOf(table, "text"), values);
  assert.equal([...table.schema.fields[0]!.metadata], []);
  assert.equal([...table.schema.fields[1]!.metadata], [["tracewire.content", "json"]]);
});

test("sends what a dictionary has gained as a delta", () => {
  const texts = new Dictionary();
  const rows = [["a", "b", null, "a"], ["b"], ["c", "a"], ["c", null, "d"]];
  const batches = rows.map((values) => [dictionary("event", values, texts)]);
  const parts = pieces(batches, DELTA);
  assert.equal(valuesOf(tableFromIPC(Buffer.concat(parts)), "event"), rows.flat());
  // All four batches were made before the first was written: the first one carries all texts.
  assert.equal(dictionaryMessages(parts), [{ isDelta: false, length: 4 }]);
});

test("sends each delta with the first batch that needs it", () => {
  const texts = new Dictionary();
  const writer = ipcWriter(DELTA);
  const rows = [["a", "b"], ["b"], ["c", "a"], [null], ["d", "e"]];
  const parts = rows.map((values, i) => {
    const columns = [dictionary("event", values, texts)];
    const head = i === 0 ? writer.begin(planned(columns)) : new Uint8Array(0);
    return Buffer.concat([head, writer.batch(batchOf(columns))]);
  });
  parts.push(Buffer.from(writer.end()));
  assert.equal(valuesOf(tableFromIPC(Buffer.concat(parts)), "event"), rows.flat());
  assert.equal(dictionaryMessages(parts), [
    { isDelta: false, length: 2 },
    { isDelta: true, length: 1 },
    { isDelta: true, length: 2 },
  ]);
});

test("replaces a dictionary that was full, and gives each column its own", () => {
  const first = new Dictionary(2);
  const second = new Dictionary(2);
  const other = new Dictionary();
  const batches = [
    [dictionary("event", ["a", "b"], first), dictionary("host", ["x", "x"], other)],
    [dictionary("event", ["c", "d"], second), dictionary("host", ["x", "y"], other)],
  ];
  const parts = pieces(batches, DELTA);
  const table = tableFromIPC(Buffer.concat(parts));
  assert.equal(valuesOf(table, "event"), ["a", "b", "c", "d"]);
  assert.equal(valuesOf(table, "host"), ["x", "x", "x", "y"]);
  assert.equal(
    dictionaryMessages(parts).map(({ isDelta }) => isDelta),
    [false, false, false],
  );
});

test("writes dictionaries out as plain texts when asked to", () => {
  const texts = new Dictionary();
  const rows = [
    ["a", null, "ü"],
    ["b", "a", ""],
  ];
  const parts = pieces(
    rows.map((values) => [dictionary("event", values, texts)]),
    PLAIN,
  );
  const table = tableFromIPC(Buffer.concat(parts));
  assert.is(String(table.schema.fields[0]?.type), "Utf8");
  assert.equal(valuesOf(table, "event"), rows.flat());
  assert.equal(dictionaryMessages(parts), []);
});

test("makes every batch a whole stream when asked to", () => {
  const texts = new Dictionary();
  const rows = [["a", "b"], ["c"], [null]];
  for (const dictionaries of ["delta", "plain"] as const) {
    const parts = pieces(
      rows.map((values) => [dictionary("event", values, texts)]),
      { dictionaries, framing: "self" },
    );
    assert.equal([parts[0]?.length, parts.at(-1)?.length], [0, 0]);
    const read = parts.slice(1, -1).map((part) => valuesOf(tableFromIPC(part), "event"));
    assert.equal(read, rows);
  }
});

test("is a whole stream with its schema where no batch comes", () => {
  const columns = [timestamp("timestamp", []), dictionary("event", []), list("l", "int8", [])];
  const writer = ipcWriter(DELTA);
  const table = tableFromIPC(Buffer.concat([writer.begin(planned(columns)), writer.end()]));
  assert.is(table.numRows, 0);
  assert.equal(
    table.schema.fields.map(({ name, type }) => `${name}: ${type}`),
    ["timestamp: Timestamp<NANOSECOND, UTC>", "event: Dictionary<Int32, Utf8>", "l: List<Int8>"],
  );
});

test("is a whole stream with a batch of no rows, and with a dictionary of no texts", () => {
  const empty = written([[timestamp("timestamp", []), dictionary("event", [])]]);
  assert.is(empty.numRows, 0);
  for (const options of [DELTA, PLAIN]) {
    const table = written([[dictionary("event", [null, null])]], options);
    assert.equal(valuesOf(table, "event"), [null, null]);
  }
});

test("gives each batch its facts as metadata", () => {
  const columns = [number("n", "uint8", [1])];
  const writer = ipcWriter(DELTA);
  const facts = [
    new Map([
      ["seq", "0"],
      ["lost_events", "7"],
    ]),
    new Map([["seq", "1"]]),
  ];
  const parts = [
    writer.begin(planned(columns)),
    ...facts.map((one) => writer.batch(batchOf(columns), one)),
    writer.end(),
  ];
  const read = [...RecordBatchReader.from(Buffer.concat(parts))].map((batch) => [
    ...batch.metadata,
  ]);
  assert.equal(
    read,
    facts.map((one) => [...one]),
  );
});

test("keeps whatever columns come, cut into whatever batches", () => {
  const next = random("format/arrow/ipc");
  for (let round = 0; round < 150; round++) {
    const kinds = Array.from({ length: 1 + next(6) }, () => next(5));
    const types = kinds.map(() => NUMBER_TYPES[next(NUMBER_TYPES.length)]!);
    const texts = kinds.map(() => new Dictionary());
    const truth = kinds.map((): Value[] => []);
    const batches = Array.from({ length: next(4) + 1 }, () => {
      const rows = next(40);
      return kinds.map((kind, i) => {
        const values = Array.from({ length: rows }, () => randomValue(kind, types[i]!, next));
        truth[i]!.push(...values);
        return randomColumn(`c${i}`, kind, types[i]!, values, texts[i]!);
      });
    });
    for (const options of [DELTA, PLAIN]) {
      const table = written(batches, options);
      kinds.forEach((kind, i) => {
        const column = table.getChild(`c${i}`)!;
        const values =
          kind === 4 ? [...(column.toArray() as BigInt64Array)] : valuesOf(table, `c${i}`);
        assert.equal(values, truth[i], `round ${round}, column ${i} of kind ${kind}`);
      });
    }
  }
});

const WORDS = ["", "sched_switch", "é", "x".repeat(300), "ret", "\u{1f43f}"];

function randomValue(kind: number, type: NumberType, next: (below: number) => number): Value {
  const one = (): number | bigint => EXAMPLES[type][next(4)]!;
  if (kind === 4) return NOW + BigInt(next(2 ** 31));
  if (next(4) === 0) return null;
  if (kind === 0) return one();
  if (kind === 1) return Array.from({ length: next(4) }, one) as number[];
  return next(3) === 0 ? `word ${next(100)}` : WORDS[next(WORDS.length)]!;
}

function randomColumn(
  name: string,
  kind: number,
  type: NumberType,
  values: readonly Value[],
  texts: Dictionary,
): MadeColumn {
  if (kind === 0) return number(name, type, values);
  if (kind === 1) return list(name, type, values);
  if (kind === 2) return utf8(name, values);
  if (kind === 3) return dictionary(name, values, texts);
  return timestamp(name, values as bigint[]);
}

function dictionaryMessages(
  parts: readonly Uint8Array[],
): { readonly isDelta: boolean; readonly length: number }[] {
  const found: { isDelta: boolean; length: number }[] = [];
  const reader = new MessageReader(Buffer.concat(parts));
  for (let message = reader.readMessage(); message !== null; message = reader.readMessage()) {
    if (message.isDictionaryBatch()) {
      const { isDelta, data } = message.header();
      found.push({ isDelta, length: data.length });
    }
    reader.readMessageBody(message.bodyLength);
  }
  return found;
}

test.run();
