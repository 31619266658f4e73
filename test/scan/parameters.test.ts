/**
 * Filters that differ only in constants run the same code, which is given the values: each must find what the interpreter finds
 * for its own, whatever was asked before, and whatever is asked beside it.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnBatch } from "../../src/column/column.ts";
import { planColumns } from "../../src/column/layout.ts";
import { columnRequest } from "../../src/column/request.ts";
import { type PacketHeader, readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import { emissionCount } from "../../src/scan/kernel/scan/kept-units.ts";
import { KernelScanner } from "../../src/scan/kernel/scan/scanner.ts";
import type { ScanSpec } from "../../src/scan/scanner.ts";
import { compilationCount } from "../../src/wasm/module-cache.ts";
import { cell } from "../support/query.ts";
import { random } from "../support/random.ts";
import { randomFilter, randomPacket, randomTrace } from "../support/random-trace.ts";
import { type Scan, scanWith } from "../support/scan.ts";
import {
  Bytes,
  event,
  joined,
  PREAMBLE,
  packet,
  record,
  STREAM,
  traceClassOf,
} from "../support/tsdl.ts";

const test = suite("scan/parameters");

const FIELDS = `integer { size = 64; align = 8; signed = 1; } wide; u8 narrow;
  floating_point { exp_dig = 11; mant_dig = 53; align = 8; } real;
  enum : u8 { IDLE = 1, BUSY = 2, "3" = 7 } state; string text;`;
const TRACE = traceClassOf([PREAMBLE, STREAM, event(0, "a", FIELDS)].join(""));

const WIDE = [-(1n << 63n), -5n, -1n, 0n, 3n, 5n, 1n << 32n, (1n << 63n) - 1n];
const TEXTS = ["", "a", "ab", "abc", "b", "a\\b", "IDLE"];
const RECORDS = packet(
  joined(
    ...WIDE.flatMap((wide, i) =>
      TEXTS.map((text, j) => {
        const real = new Float64Array([[-0.5, 0, 0.5, 3][j % 4]!]);
        const payload = new Bytes().u64(BigInt.asUintN(64, wide)).u8(16 * i + j);
        payload.u8(...new Uint8Array(real.buffer)).u8([1, 2, 7, 9][i % 4]!);
        payload.text(text).u8(0);
        return record(0, 1n, payload.take());
      }),
    ),
  ),
);

const specOf = (traceClass: TraceClass, where: string, names: readonly string[]): ScanSpec => ({
  filter: compileFilter(where),
  events: [],
  columns: planColumns(names.map(columnRequest), [traceClass]),
  begin: undefined,
  end: undefined,
});

/** What a scan finds, as text: its rows and how it ended. */
function found(scan: Scan, bytes: Uint8Array, header: PacketHeader): string {
  const { rows, matched, error } = scan(bytes, header);
  const cells = rows.flatMap((batch: ColumnBatch) =>
    Array.from({ length: batch.rows }, (_, row) =>
      batch.columns.map((column) => String(cell(column, row))),
    ),
  );
  return JSON.stringify([cells, matched, error?.code, error?.bitOffset]);
}

function agree(traceClass: TraceClass, where: string, names: readonly string[]): number {
  const spec = specOf(traceClass, where, names);
  const scan = scanWith("kernel", spec, traceClass);
  const header = readPacketHeader(RECORDS, traceClass);
  const expected = found(scanWith("interpreter", spec, traceClass), RECORDS, header);
  assert.is(found(scan, RECORDS, header), expected, where);
  return JSON.parse(expected)[1];
}

/** Filters that share their code, and others that are like them in writing only. */
const ALIKE: readonly (readonly string[])[] = [
  ["wide == 5", "wide == 0", "wide == 9223372036854775807", "wide == 4294967296"],
  ["wide != -5", "wide != -1", "wide != -9223372036854775807"],
  ["wide < ~4", "wide < ~0"],
  ["3 < wide", "4294967295 < wide"],
  ["narrow >= 17", "narrow >= 255", "narrow >= 256"],
  ["narrow & 3", "narrow & 64"],
  ["(narrow << 1) == 2", "(narrow << 60) == 2", "(narrow << 64) == 2"],
  ["real == 0.5", "real == 3.0", "real == 0.0"],
  ["real < -0.25", "real < -9e99"],
  ["wide <= 0.5", "wide <= 7.5"],
  ["wide <= -0.5", "wide <= -7.5"],
  [
    'text == "a"',
    'text == "abc"',
    'text == ""',
    'text == "a\\\\b"',
    'text == "no such text at all"',
  ],
  ['text == "a*"', 'text == "ab*"', 'text == "*"'],
  ['"ab" <= text', '"" <= text'],
  ["wide == 3 || wide == 5", "wide == 0 || wide == 4294967296"],
  ["wide in (3, 5)", "wide in (5, 0)"],
  ['wide > 0 && text == "a"', 'wide > 3 && text == "ab"'],
  ["$event.timestamp > 5", "$event.timestamp > 4611686018427387904"],
];

test("filters that differ only in constants are one unit, and find their own rows", () => {
  for (const [first = "", ...others] of ALIKE) {
    agree(TRACE, first, ["wide", "text"]);
    const before = [emissionCount(), compilationCount()];
    const counts = others.map((where) => agree(TRACE, where, ["wide", "text"]));
    assert.equal([emissionCount(), compilationCount()], before, first);
    assert.ok(counts.every((count) => count < WIDE.length * TEXTS.length + 1));
  }
});

test("constants that decide what code there is are not shared", () => {
  const some = (...filters: readonly string[]): readonly number[] =>
    filters.map((where) => agree(TRACE, where, ["narrow"]));
  const all = WIDE.length * TEXTS.length;
  assert.equal(some('$event.name == "a"', '$event.name == "b"', '$event.name != "b"'), [
    all,
    0,
    all,
  ]);
  assert.equal(some("1", "0", "2"), [all, 0, all]);
  assert.equal(some("1 && wide == 3", "0 && wide == 3"), [TEXTS.length, 0]);
  const ofState = (WIDE.length / 4) * TEXTS.length;
  const states = ['state == "IDLE"', 'state == "BUSY"', 'state == "3"', 'state == "NONE"'];
  assert.equal(some(...states), [ofState, ofState, ofState, 0]);
  assert.equal(some('state != "IDLE"', 'state == "I*"'), [all - ofState, ofState]);
  assert.equal(some('text == "*b*"', 'text == "*c"'), [4 * WIDE.length, WIDE.length]);
  // One that is a constant of the code in one place and a parameter in another.
  const both = ['state == "IDLE" && text == "IDLE"', 'state == "BUSY" && text == "BUSY"'];
  assert.equal(some(...both), [WIDE.length / 4, 0]);
});

test("one scan's end takes nothing from another that runs the same code", () => {
  const header = readPacketHeader(RECORDS, TRACE);
  const open = (where: string): { scan: () => number; close: () => void } => {
    const spec = specOf(TRACE, where, ["wide"]);
    const scanner = new KernelScanner(spec, new Kernel(spec.columns), TRACE, { host: undefined });
    return {
      scan: () => scanner.scan(RECORDS, header).matched,
      close: () => scanner.close(),
    };
  };
  const first = open('text == "abc" && wide < 0');
  const second = open('text == "b" && wide < 4');
  assert.equal([first.scan(), second.scan()], [3, 5]);
  first.close();
  assert.is(second.scan(), 5);
  const third = open('text == "no such text" && wide < 4');
  assert.equal([third.scan(), second.scan()], [0, 5]);
});

test("many filters of random shapes and constants are not mixed up", () => {
  const next = random("scan/parameters");
  let rows = 0;
  let shared = 0;
  for (let round = 0; round < 150; round++) {
    const trace = randomTrace(next);
    const where = randomFilter(trace, next);
    if (where === undefined) continue;
    const names = [...trace.numbers, ...trace.texts].filter(() => next(4) === 0);
    const packets = Array.from({ length: 3 }, () => randomPacket(next));
    for (let variant = 0; variant < 4; variant++) {
      const other = variant === 0 ? where : varied(where, next);
      let spec: ScanSpec;
      try {
        spec = specOf(trace.traceClass, other, ["event", ...names]);
      } catch {
        continue;
      }
      const before = emissionCount();
      const kernel = scanWith("kernel", spec, trace.traceClass);
      const interpreter = scanWith("interpreter", spec, trace.traceClass);
      for (const bytes of packets) {
        const header = readPacketHeader(bytes, trace.traceClass);
        const expected = found(interpreter, bytes, header);
        rows += JSON.parse(expected)[1];
        assert.is(found(kernel, bytes, header), expected, `${trace.text} ${other}`);
      }
      if (variant > 0 && emissionCount() === before) shared++;
    }
  }
  assert.ok(rows > 100 && shared > 50, `${rows} rows, ${shared} shared`);
});

const NUMBERS = ["0", "1", "7", "63", "64", "255", "70000", "4294967296", "9223372036854775807"];
const LITERALS = ["", "a", "ab", "A", "B", "a*", "*b", "a longer text than the field has"];

/** The same filter with other constants: of other widths, signs, lengths, and sometimes kinds. */
function varied(where: string, next: (below: number) => number): string {
  return where
    .replace(/"[^"]*"/g, (text) => (next(2) ? `"${LITERALS[next(LITERALS.length)]}"` : text))
    .replace(/(?<![\w.$[*"])-?\d+(?:\.\d+)?(?![\w.\]*"])/g, (number) => {
      if (next(3) === 0) return number;
      if (number.includes(".") || next(12) === 0) return `${next(40) / 4 + 0.125}`;
      return `${next(4) === 0 ? "-" : ""}${NUMBERS[next(NUMBERS.length)]}`;
    });
}

test.run();
