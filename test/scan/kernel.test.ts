/** The compiled kernel and the interpreter give the same rows, and the same errors, on everything. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { DecodeError, FilterError } from "../../src/base/errors.ts";
import type { ColumnBatch } from "../../src/column/column.ts";
import { planColumns } from "../../src/column/layout.ts";
import { type ColumnRequest, columnRequest } from "../../src/column/request.ts";
import { type PacketHeader, readPacketHeader } from "../../src/ctf/packet-header.ts";
import type { TraceClass } from "../../src/ctf/trace-class.ts";
import { PLACE_COLUMNS } from "../../src/cut/kept-records.ts";
import type { Program } from "../../src/filter/bytecode.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import type { ScanOutcome, ScanSpec } from "../../src/scan/scanner.ts";
import { cell, rowsOf } from "../support/query.ts";
import { random } from "../support/random.ts";
import { randomCtf2 } from "../support/random-ctf2.ts";
import { randomFilter, randomPacket, randomTrace } from "../support/random-trace.ts";
import { type Scan, scanWith } from "../support/scan.ts";
import { recordedTrace, type TraceName } from "../support/traces.ts";

const test = suite("scan/kernel");

/** `LONG=20 npm test` runs twenty times as many cases. */
const FACTOR = Number(process.env["LONG"] ?? 1);

function scanners(
  traceClass: TraceClass,
  select: readonly (string | ColumnRequest)[],
  filter: Program | undefined,
): [Scan, Scan] {
  const columns = planColumns(
    select.map((one) => (typeof one === "string" ? columnRequest(one) : one)),
    [traceClass],
  );
  const spec: ScanSpec = { filter, events: [], columns, begin: undefined, end: undefined };
  return [scanWith("interpreter", spec, traceClass), scanWith("kernel", spec, traceClass)];
}

/** All that an outcome says, as comparable text. */
function picture({
  rows: batches,
  matched,
  events,
  error,
  resume,
  reached,
}: ScanOutcome<ColumnBatch>): string {
  const rows = batches.flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row) => [
      batch.timestamps[row],
      ...batch.columns.map((column) => cell(column, row)),
    ]),
  );
  const failure = error && { code: error.code, bit: error.bitOffset };
  return JSON.stringify({ rows, matched, events, failure, resume, reached }, (_, value) => {
    if (typeof value === "bigint") return `${value}n`;
    return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  });
}

function compileOrSkip(text: string | undefined): Program | undefined {
  try {
    return text === undefined ? undefined : compileFilter(text);
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

function headerOf(bytes: Uint8Array, traceClass: TraceClass): PacketHeader | undefined {
  try {
    return readPacketHeader(bytes, traceClass);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

for (const [format, makeTrace, rounds] of [
  ["CTF 1.8", randomTrace, 1250],
  ["CTF 2", randomCtf2, 1000],
] as const) {
  test(`agrees on random trace classes of ${format}, packets and filters`, () => {
    const next = random(`scan/kernel random ${format}`);
    let rows = 0;
    let errors = 0;
    for (let round = 0; round < rounds * FACTOR; round++) {
      const trace = makeTrace(next);
      const where = randomFilter(trace, next);
      const filter = compileOrSkip(where);
      const names = [...trace.numbers, ...trace.texts, ...trace.arrays, ...trace.others].filter(
        () => next(3) === 0,
      );
      const rendered: ColumnRequest[] = [
        { kind: "payload", style: "json" },
        { kind: "payload", style: "text" },
        { kind: "record" },
      ];
      const places = PLACE_COLUMNS.filter(() => next(3) === 0);
      const others = rendered.filter(() => next(3) === 0);
      const select = ["event", "cpu_id", ...names, ...others, ...places];
      const [interpreter, kernel] = scanners(trace.traceClass, select, filter);
      for (let n = 0; n < 8; n++) {
        const bytes = randomPacket(next);
        const header = headerOf(bytes, trace.traceClass);
        if (header === undefined) continue;
        const expected = interpreter(bytes, header);
        const got = kernel(bytes, header);
        rows += expected.matched;
        errors += expected.error === undefined ? 0 : 1;
        if (picture(got) !== picture(expected)) {
          console.log(trace.text, where, select, Buffer.from(bytes).toString("hex"));
          assert.is(picture(got), picture(expected), `round ${round}, packet ${n}`);
        }
      }
    }
    // The cases must reach both ends: rows that pass, and records that break.
    assert.ok(rows > 5000 * FACTOR && errors > 2000 * FACTOR, `${rows} rows, ${errors} errors`);
  });
}

for (const name of [
  "small",
  "churn",
  "lossy",
  "filter-lab",
] as const satisfies readonly TraceName[]) {
  test(`agrees on every column of ${name}`, async () => {
    const trace = await recordedTrace(name);
    try {
      const isKernel = name !== "filter-lab";
      for (const spec of [
        {},
        {
          select: isKernel
            ? ["timestamp", "event", "procname", "ret", "filename", "buf", "next_comm"]
            : ["timestamp", "k", "s", "ta", "ts", "ai", "sq", "f32", "en", "net32"],
        },
      ]) {
        const kernel = await rowsOf(trace.path, { ...spec, engine: "kernel" });
        const interpreter = await rowsOf(trace.path, { ...spec, engine: "interpreter" });
        assert.is(kernel.rows.length, interpreter.rows.length);
        for (let i = 0; i < kernel.rows.length; i += 1) {
          for (const [column, value] of Object.entries(interpreter.rows[i]!)) {
            const got = kernel.rows[i]![column];
            if (got !== value && String(got) !== String(value))
              assert.is(got, value, `row ${i}, ${column}`);
          }
        }
      }
    } finally {
      await trace.remove();
    }
  });
}

test("agrees on damaged and truncated packets of a real trace, and goes on with the next", async () => {
  const next = random("scan/kernel damage");
  const trace = await recordedTrace("churn");
  try {
    const { openTraceDirectory } = await import("../../src/ctf/trace-directory.ts");
    const { readFile } = await import("node:fs/promises");
    const { join } = await import("node:path");
    const { traceClass, streams } = await openTraceDirectory(join(trace.path, "kernel"));
    const file = await readFile(streams[0]!.path);
    const whole = streams[0]!.packets.map(({ byteOffset, bytes }) =>
      file.subarray(byteOffset, byteOffset + bytes),
    );
    const small = whole.filter(({ length }) => length <= 16_384);
    const names = ["event", "procname", "pid_ns", "filename", "ret", "next_comm"];
    const select = [...names, ...PLACE_COLUMNS];
    const [interpreter, kernel] = scanners(
      traceClass,
      select,
      compileFilter('ret? < 0 || filename? == "/*" || next_tid? > 1'),
    );
    let errors = 0;
    for (let i = 0; i < 3000 * FACTOR; i++) {
      const bytes = Uint8Array.from(small[next(small.length)]!);
      const header = readPacketHeader(bytes, traceClass);
      const from = header.headerBits / 8;
      const content = header.contentBits / 8;
      if (content <= from) continue;
      for (let flips = 1 + next(6); flips > 0; flips--)
        bytes[from + next(content - from)] = next(256);
      const cut =
        next(4) === 0
          ? {
              ...header,
              contentBits: header.headerBits + next(header.contentBits - header.headerBits),
            }
          : header;
      const expected = interpreter(bytes, cut);
      assert.is(picture(kernel(bytes, cut)), picture(expected), `packet ${i}`);
      errors += expected.error === undefined ? 0 : 1;
      if (i % 100 === 0) {
        // A good packet behind a bad one is read as if nothing had been.
        const good = small[next(small.length)]!;
        const goodHeader = readPacketHeader(good, traceClass);
        assert.is(kernel(good, goodHeader).error, undefined);
        assert.is(picture(kernel(good, goodHeader)), picture(interpreter(good, goodHeader)));
      }
    }
    assert.ok(errors > 300 * FACTOR, `${errors} errors`);
  } finally {
    await trace.remove();
  }
});

test.run();
