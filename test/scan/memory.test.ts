/** Memory stays flat: over many packets of one scan, and over many queries opened and closed. */

import { readdirSync, readlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Subject } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { StreamOrigin, TraceOrigin } from "../../src/base/item.ts";
import { planColumns } from "../../src/column/layout.ts";
import { columnRequest } from "../../src/column/request.ts";
import { readPacketHeader } from "../../src/ctf/packet-header.ts";
import { openTraceDirectory } from "../../src/ctf/trace-directory.ts";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { Kernel } from "../../src/scan/kernel/kernel.ts";
import { KernelScanner } from "../../src/scan/kernel/scan/scanner.ts";
import { cell, runSpec } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("scan/memory");

const MIB = 1 << 20;

/** A garbage collector to call, without a flag on the command line. */
setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Use {
  readonly rss: number;
  readonly heap: number;
  readonly buffers: number;
}

/** What is in use once everything that can be freed is; the backing stores of buffers are freed behind a collection. */
async function settledUse(): Promise<Use> {
  for (let i = 0; i < 4; i++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return { rss, heap: heapUsed, buffers: arrayBuffers };
}

/** Fails if more than so much has been added. */
function assertFlat(before: Use, after: Use, most: Use): void {
  for (const key of ["rss", "heap", "buffers"] as const) {
    const grown = after[key] - before[key];
    assert.ok(grown <= most[key], `${key} has grown by ${(grown / MIB).toFixed(1)} MiB`);
  }
}

const SELECT = ["timestamp", "event", "cpu_id", "procname", "pid_ns", "filename", "ret"];
const FILTER = "$ctx.pid_ns == 4026531836 || ret < 0";

test("over ten thousand packets, the kernel's memory and the process stay as they are", async () => {
  const trace = await recordedTrace("churn");
  try {
    const { traceClass, streams } = await openTraceDirectory(join(trace.path, "kernel"));
    const packets: Uint8Array[] = [];
    for (const stream of streams) {
      const file = await readFile(stream.path);
      for (const { byteOffset, bytes } of stream.packets)
        packets.push(file.subarray(byteOffset, byteOffset + bytes));
    }
    // Rendered columns are made by other code than the rest, so they are here too.
    const columns = planColumns([...SELECT, "payload"].map(columnRequest), [traceClass]);
    const kernel = new Kernel(columns);
    const spec = { filter: compileFilter(FILTER), events: [], begin: undefined, end: undefined };
    const facts = { host: undefined };
    const scanner = new KernelScanner({ ...spec, columns }, kernel, traceClass, facts);
    let rows = 0;
    let scanned = 0;
    const scanAll = (): void => {
      for (const bytes of packets) {
        const outcome = scanner.scan(bytes, readPacketHeader(bytes, traceClass));
        assert.is(outcome.error, undefined);
        for (const segment of outcome.rows) rows += kernel.export(segment).rows;
        scanned++;
      }
    };
    scanAll();
    scanAll();
    const rowsOfTwo = rows;
    const warm = await settledUse();
    const { byteLength } = kernel.memory.memory.buffer;
    const { functions } = kernel;
    [rows, scanned] = [0, 0];
    let passes = 0;
    for (; scanned < 10_000; passes++) scanAll();
    assert.is(rows, (rowsOfTwo / 2) * passes);
    assert.is(kernel.memory.memory.buffer.byteLength, byteLength);
    assert.is(kernel.functions, functions);
    assertFlat(warm, await settledUse(), { rss: 48 * MIB, heap: 4 * MIB, buffers: MIB });
  } finally {
    await trace.remove();
  }
});

test("what was made for a trace is given back with its end, but for its rows", async () => {
  const trace = await recordedTrace("churn");
  try {
    const { traceClass, streams } = await openTraceDirectory(join(trace.path, "kernel"));
    const [{ path, packets } = { path: "", packets: [] }] = streams;
    const { byteOffset, bytes: length } = packets[0]!;
    const bytes = (await readFile(path)).subarray(byteOffset, byteOffset + length);
    const header = readPacketHeader(bytes, traceClass);
    const columns = planColumns([...SELECT, "payload"].map(columnRequest), [traceClass]);
    const kernel = new Kernel(columns);
    const spec = { filter: compileFilter(FILTER), events: [], begin: undefined, end: undefined };
    const facts = { host: undefined };
    const rowsOfOne = (): string => {
      const scanner = new KernelScanner({ ...spec, columns }, kernel, traceClass, facts);
      const { rows: segments } = scanner.scan(bytes, header);
      scanner.close();
      const rows = segments.map((segment) => {
        const batch = kernel.export(segment);
        return batch.columns.map((column) =>
          Array.from({ length: batch.rows }, (_, row) => String(cell(column, row))).join(),
        );
      });
      return JSON.stringify(rows);
    };
    const rows = rowsOfOne();
    rowsOfOne();
    const { byteLength } = kernel.memory.memory.buffer;
    for (let i = 0; i < 100; i++) assert.is(rowsOfOne(), rows);
    assert.is(kernel.memory.memory.buffer.byteLength, byteLength);
  } finally {
    await trace.remove();
  }
});

test("a live query's memory stays as it is while applications come and go", async () => {
  const trace = await recordedTrace("small");
  const source = new Subject<DecodedItem>();
  try {
    const items: DecodedItem[] = [];
    await openFeed([join(trace.path, "ust")], { from: "beginning" })
      .share()
      .items.forEach((item) => {
        items.push(item.kind === "packet" ? { ...item, bytes: item.bytes.slice() } : item);
      });
    let rows = 0;
    const select = [...SELECT.slice(0, 3), "payload"];
    runSpec({ isLive: true, flushOnWatermark: true, select }, source).subscribe((item) => {
      if (item.kind === "batch") rows += item.batch.rows;
    });
    /** As another application would say it. */
    const say = (application: number): void => {
      const traces = new Map<TraceOrigin, TraceOrigin>();
      const own = (origin: TraceOrigin): TraceOrigin => {
        const known = traces.get(origin) ?? { ...origin, path: `ust/pid/app-${application}` };
        traces.set(origin, known);
        return known;
      };
      const streams = new Map<StreamOrigin, StreamOrigin>();
      for (const item of items) {
        if ("stream" in item && !streams.has(item.stream))
          streams.set(item.stream, { ...item.stream, trace: own(item.stream.trace) });
        if ("stream" in item) source.next({ ...item, stream: streams.get(item.stream)! });
        else if ("trace" in item) source.next({ ...item, trace: own(item.trace) });
      }
      for (const one of traces.values()) source.next({ kind: "trace-end", trace: one });
    };
    for (let application = 0; application < 100; application++) say(application);
    const rowsOfHundred = rows;
    const warm = await settledUse();
    for (let application = 100; application < 600; application++) say(application);
    assert.is(rows, rowsOfHundred * 6);
    assertFlat(warm, await settledUse(), { rss: 24 * MIB, heap: 2 * MIB, buffers: MIB });
  } finally {
    source.complete();
    await trace.remove();
  }
});

/** Files of a folder that this process holds open. */
function openFilesBelow(folder: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch {
      // The listing's own descriptor is gone by now.
      return [];
    }
  });
}

interface Question {
  readonly path: string;
  readonly where: string;
  readonly select: readonly string[];
}

/** Opens a query and closes it at its first batch, or lets it end at its limit; gives the rows it saw. */
function openAndClose(
  { path, where, select }: Question,
  mustUnsubscribe: boolean,
): Promise<number> {
  const query = {
    filter: compileFilter(where),
    select,
    limit: mustUnsubscribe ? undefined : 100,
    engine: "kernel",
  } as const;
  let rows = 0;
  const { items } = openFeed([path], { from: "beginning" }).share();
  return new Promise((resolve, reject) => {
    const subscription = runSpec(query, items).subscribe({
      next: (item) => {
        if (item.kind !== "batch") return;
        rows += item.batch.rows;
        if (!mustUnsubscribe) return;
        subscription.unsubscribe();
        resolve(rows);
      },
      error: reject,
      complete: () => resolve(rows),
    });
  });
}

test("a thousand queries, opened and closed, leave nothing behind", async () => {
  const lab = await recordedTrace("filter-lab");
  const small = await recordedTrace("small");
  const ofLab = { path: lab.path, where: "k >= 0", select: ["timestamp", "event", "k", "s", "sq"] };
  const ofSmall = { path: small.path, where: FILTER, select: SELECT };
  // Metadata of a whole kernel is parsed by every query: most of them read the trace that has little of it.
  const run = async (queries: number): Promise<void> => {
    for (let i = 0; i < queries; i++) {
      const question = i % 20 === 0 ? ofSmall : ofLab;
      const rows = await openAndClose(question, i % 3 === 0);
      assert.ok(rows >= (question === ofSmall ? 100 : 1), `${rows} rows`);
    }
  };
  try {
    await run(100);
    const warm = await settledUse();
    await run(1000);
    assertFlat(warm, await settledUse(), { rss: 64 * MIB, heap: 8 * MIB, buffers: 2 * MIB });
    assert.equal(openFilesBelow(lab.path), []);
    assert.equal(openFilesBelow(small.path), []);
  } finally {
    await lab.remove();
    await small.remove();
  }
});

test.run();
