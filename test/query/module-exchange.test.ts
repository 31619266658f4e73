/** Code is compiled once: by one of a query's threads for all of them, and for all traces whose classes are equal. */

import { Worker } from "node:worker_threads";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { planColumns } from "../../src/column/layout.ts";
import { columnRequest } from "../../src/column/request.ts";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { exchangeParts } from "../../src/query/module-exchange.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import { KernelScanner } from "../../src/scan/kernel/scan/scanner.ts";
import { Code } from "../../src/wasm/code.ts";
import { ModuleBuilder } from "../../src/wasm/module.ts";
import { compilationCount } from "../../src/wasm/module-cache.ts";
import { ValueType } from "../../src/wasm/opcodes.ts";
import { cell } from "../support/query.ts";
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
import type { ExchangeAnswer, ExchangeTask } from "./exchange-worker.ts";

const test = suite("query/module-exchange");

/** A module whose function `answer` gives a number. */
function moduleOf(answer: number): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder();
  const type = { parameters: [], results: [ValueType.i32] };
  builder.exportFunction("answer", builder.function(type, new Code(0).i32(answer).body()));
  return builder.bytes();
}

function run(task: ExchangeTask): Promise<ExchangeAnswer> {
  const worker = new Worker(new URL("./exchange-worker.js", import.meta.url), {
    workerData: task,
    transferList: [...task.part.ports],
  });
  return new Promise((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
  });
}

test("threads that need the same modules compile each of them once between them", async () => {
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const codes = numbers.map(moduleOf);
  const parts = exchangeParts(4);
  const { board } = parts[0]!;
  // Each begins elsewhere, so that each has something to compile.
  const answers = await Promise.all(
    parts.map((part, i) =>
      run({ part, codes: [...codes.slice(i * 10), ...codes.slice(0, i * 10)] }),
    ),
  );
  for (const [i, { answers: own }] of answers.entries())
    assert.equal(own, [...numbers.slice(i * 10), ...numbers.slice(0, i * 10)]);
  assert.is(Atomics.load(board, 0), codes.length);
  assert.is(
    answers.reduce((sum, { own }) => sum + own, 0),
    codes.length,
  );
});

test("a thread that ends while it compiles does not stop the others", async () => {
  const [part] = exchangeParts(2);
  const code = moduleOf(7);
  // Claimed by a thread that is no more.
  const { board } = part!;
  let hash = 0x811c9dc5 | 0;
  for (const byte of code) hash = Math.imul(hash ^ byte, 0x01000193);
  Atomics.store(board, 1, hash);
  const { answers, own } = await run({ part: part!, codes: [code] });
  assert.equal(answers, [7]);
  assert.is(own, 1);
});

test("one thread, or very many, exchange nothing", () => {
  assert.equal([exchangeParts(0), exchangeParts(1), exchangeParts(100)], [[], [], []]);
});

/** A trace like the others but for UUID, clock origin and environment. */
function traceOf(number: number): string {
  const uuid = `uuid = "7e0a55c9-5a59-422b-90f9-ba667c6953${10 + number}";`;
  const environment = `env { hostname = "web${number}"; vpid = ${number}; };`;
  return `${PREAMBLE.replace("major = 1;", `major = 1; ${uuid}`).replace(
    "offset = 1000000000000000000",
    `offset = ${1_000_000_000_000_000_000n + BigInt(number)}`,
  )}${environment}\n${STREAM}${event(0, "app:one", "u8 _x; string _s;")}${event(1, "app:two", "u32 _x;")}`;
}

const BYTES = packet(
  joined(
    record(0, 5n, new Bytes().u8(5).text("five").u8(0).take()),
    record(1, 6n, new Bytes().u32(6).take()),
  ),
  { begin: 5n, end: 6n },
);

/** How many modules are compiled to scan the same packet as so many traces, and the rows' times and hosts. */
function scanned(traces: number, where: string): { compiled: number; rows: string[] } {
  const classes = Array.from({ length: traces }, (_, i) => traceClassOf(traceOf(i)));
  const columns = planColumns(
    ["timestamp", "host", "x", "s", "payload"].map(columnRequest),
    classes,
  );
  const filter = compileFilter(where);
  const spec = { filter, events: [], columns, begin: undefined, end: undefined };
  const kernel = new Kernel(columns);
  const before = compilationCount();
  const rows = classes.flatMap((traceClass) => {
    const scanner = new KernelScanner(spec, kernel, traceClass, { host: undefined });
    const { rows: segments } = scanner.scan(BYTES, readPacketHeader(BYTES, traceClass));
    return segments.flatMap((segment) => {
      const batch = kernel.copyRows(segment);
      return Array.from({ length: batch.rows }, (_, row) =>
        batch.columns.map((column) => String(cell(column, row))).join(" "),
      );
    });
  });
  return { compiled: compilationCount() - before, rows };
}

test("traces that differ in UUID, clock origin and environment share one module", () => {
  const { compiled, rows } = scanned(20, "x >= 5");
  assert.is(compiled, 1);
  assert.is(rows.length, 40);
  assert.match(rows[0]!, /^1000000000000000005 web0 5 five \{/);
  assert.match(rows[38]!, /^1000000000000000024 web19 5 five \{/);
});

test("a filter that asks for the trace's facts has code for each answer", () => {
  const { rows } = scanned(5, '$trace.hostname == "web3" || x == 6');
  assert.equal(
    rows.map((row) => row.split(" ")[1]),
    ["web0", "web1", "web2", "web3", "web3", "web4"],
  );
});

test.run();
