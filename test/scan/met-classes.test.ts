/** Of many event classes, those are compiled that records were met of: what is compiled never changes what a scan finds. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { ColumnBatch } from "../../src/column/column.ts";
import { planColumns } from "../../src/column/layout.ts";
import { columnRequest } from "../../src/column/request.ts";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import { emissionCount } from "../../src/scan/kernel/scan/kept-units.ts";
import { meetIds, recallMet } from "../../src/scan/kernel/scan/met-classes.ts";
import { KernelScanner } from "../../src/scan/kernel/scan/scanner.ts";
import type { ScanSpec } from "../../src/scan/scanner.ts";
import { cell } from "../support/query.ts";
import { random } from "../support/random.ts";
import { scanWith } from "../support/scan.ts";
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

const test = suite("scan/met-classes");

/** Classes whose records all differ in length: each has code of its own. */
const CLASSES = 100;
/** A trace class of its own: what is met is remembered for its event classes. */
const manyClasses = (name: string): TraceClass =>
  traceClassOf(
    [
      PREAMBLE,
      STREAM,
      ...Array.from({ length: CLASSES }, (_, id) =>
        event(id, `${name}_${id}`, `u8 n; u8 rest[${id + 1}];`),
      ),
    ].join(""),
  );
const recordsOf = (...ids: readonly number[]): Uint8Array =>
  packet(
    joined(
      ...ids.map((id, i) =>
        record(
          id,
          BigInt(i),
          new Bytes()
            .u8(i)
            .zeros(id + 1)
            .take(),
        ),
      ),
    ),
  );

const specOf = (traceClass: TraceClass): ScanSpec => ({
  filter: compileFilter("n != 250"),
  events: [],
  columns: planColumns(["event", "n"].map(columnRequest), [traceClass]),
  begin: undefined,
  end: undefined,
});

const valuesOf = ({ rows, columns }: ColumnBatch): unknown[] =>
  Array.from({ length: rows }, (_, row) => columns.map((column) => cell(column, row)));

/** What a fresh scanner meets for the first time, and for how many classes it has made code. */
function scan(traceClass: TraceClass, bytes: Uint8Array): { met: unknown; compiled: number } {
  const spec = specOf(traceClass);
  const kernel = new Kernel(spec.columns);
  const scanner = new KernelScanner(spec, kernel, traceClass, { host: undefined });
  const before = emissionCount();
  const { met } = scanner.scan(bytes, readPacketHeader(bytes, traceClass));
  return { met, compiled: emissionCount() - before };
}

test("compiles all classes while nothing is known, then those that were met", () => {
  const traceClass = manyClasses("first");
  assert.equal(scan(traceClass, recordsOf(7, 3, 7)), { met: [7, 3], compiled: CLASSES });
  assert.equal(recallMet(traceClass), new Map([[0, [3, 7]]]));
  assert.equal(scan(traceClass, recordsOf(3, 7)), { met: [], compiled: 2 });
});

test("a class that was not met before is compiled when it is, with all others", () => {
  const traceClass = manyClasses("second");
  meetIds(traceClass.streamClasses.get(0), [1, 2, 999]);
  assert.equal(scan(traceClass, recordsOf(2, 50, 1)), { met: [50], compiled: CLASSES });
});

test("few classes are all compiled at once, and not remembered", () => {
  const few = traceClassOf([PREAMBLE, STREAM, event(0, "a", "u8 n;")].join(""));
  const bytes = packet(record(0, 0n, new Bytes().u8(1).take()));
  assert.equal(scan(few, bytes), { met: [], compiled: 1 });
  assert.equal(recallMet(few), new Map());
});

test("whatever was met, a scan finds what the interpreter finds", () => {
  const below = random("met classes");
  for (let round = 0; round < 40; round++) {
    const traceClass = manyClasses(`round_${round}`);
    const some = (count: number): number[] => Array.from({ length: count }, () => below(CLASSES));
    meetIds(traceClass.streamClasses.get(0), some(below(5) * 10));
    const spec = specOf(traceClass);
    const scans = (["kernel", "interpreter"] as const).map((engine) =>
      scanWith(engine, spec, traceClass),
    );
    for (let i = 0; i < 3; i++) {
      const bytes = recordsOf(...some(1 + below(60)));
      const header = readPacketHeader(bytes, traceClass);
      const [own, expected] = scans.map((one) => one(bytes, header).rows.flatMap(valuesOf));
      assert.equal(own, expected, `round ${round}`);
    }
  }
});

test.run();
