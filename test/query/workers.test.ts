/** Worker threads give what one thread gives: rows, order, losses and errors; and leave nothing behind. */

import { readdirSync, truncateSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tap } from "rxjs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { describeLoss, type Loss } from "../../src/feed/losses.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { TEXT_REQUESTS, textWriter } from "../../src/format/text.ts";
import type { ResultItem } from "../../src/query/result.ts";
import { startWorkers } from "../../src/query/scan-pool.ts";
import { cell, runSpec, type Spec } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("query/workers");

const NO_COLOR = ["", ""] as const;
const COLORS = {
  time: NO_COLOR,
  container: NO_COLOR,
  process: NO_COLOR,
  event: NO_COLOR,
  name: NO_COLOR,
  loss: NO_COLOR,
};

/** All that a query says, in its order, as comparable text; batches may end anywhere. */
function story(path: string, spec: Spec, workers: number): Promise<string[]> {
  const threads = startWorkers(workers);
  const share = openFeed([path], { from: "beginning" }).share({ deferPacketReads: workers > 0 });
  const said: string[] = [];
  const writer = textWriter(COLORS);
  let rows = 0;
  const take = (item: ResultItem): void => {
    if (item.kind === "columns") writer.begin(item.columns);
    else if (item.kind === "loss")
      said.push(JSON.stringify(item.loss, (_, v) => (typeof v === "bigint" ? `${v}` : v)));
    else if (item.kind === "note") said.push(item.text);
    else if (item.kind === "watermark") return;
    else if (item.batch.lines !== undefined)
      said.push(...Buffer.from(writer.batch(item.batch)).toString().trimEnd().split("\n"));
    else {
      const { batch } = item;
      rows += batch.rows;
      if (batch.columns.length === 0) return;
      for (let row = 0; row < batch.rows; row++)
        said.push(batch.columns.map((column) => String(cell(column, row))).join("|"));
    }
  };
  return new Promise((resolve, reject) => {
    runSpec({ ...spec, threads }, share.items, share.gate).subscribe({
      next: take,
      error: reject,
      complete: () => resolve([...said, `${rows} rows`]),
    });
  });
}

const QUERIES: readonly (readonly [string, Spec])[] = [
  ["default columns", {}],
  ["a filter", { filter: compileFilter('ret? < 0 || filename? == "/etc/*"') }],
  ["counts", { select: [], order: "none" }],
  ["a limit", { limit: 1234 }],
  ["lists and texts", { select: ["timestamp", "event", "procname", "v4addr", "filename"] }],
  ["lines", { select: TEXT_REQUESTS, lines: (columns) => textWriter(COLORS).lines?.(columns) }],
];

for (const name of ["churn", "lossy"] as const) {
  for (const [what, spec] of QUERIES) {
    test(`${what} of ${name}: the same rows and losses with one, two and three threads`, async () => {
      const trace = await recordedTrace(name);
      try {
        const alone = await story(trace.path, spec, 0);
        assert.ok(alone.length > (what === "counts" ? 0 : 5), `${alone.length} lines`);
        for (const workers of [1, 2, 3])
          assert.equal(await story(trace.path, spec, workers), alone, `${workers} workers`);
      } finally {
        await trace.remove();
      }
    });
  }
}

/** A copy of the kernel part of a trace whose packets can be spoiled. */
async function spoiled(
  spoil: (bytes: Buffer) => void,
): Promise<{ path: string; remove(): Promise<void> }> {
  const trace = await recordedTrace("churn");
  const path = await mkdtemp(join(tmpdir(), "tracewire-workers-"));
  await mkdir(join(path, "kernel"));
  for (const name of await readdir(join(trace.path, "kernel"))) {
    if (name !== "index")
      await copyFile(join(trace.path, "kernel", name), join(path, "kernel", name));
  }
  await trace.remove();
  const stream = (await readdir(join(path, "kernel"))).find((name) => name.endsWith("_0"));
  const file = await open(join(path, "kernel", stream ?? ""), "r+");
  const { size } = await file.stat();
  const bytes = Buffer.alloc(size);
  await file.read(bytes, 0, size, 0);
  spoil(bytes);
  await file.write(bytes, 0, size, 0);
  await file.close();
  return { path, remove: () => rm(path, { recursive: true }) };
}

test("a damaged record costs the rest of its packet, with the same words", async () => {
  const trace = await spoiled((bytes) => bytes.fill(0xff, 40_000, 40_400));
  try {
    const alone = await story(trace.path, {}, 0);
    assert.ok(alone.some((line) => line.includes("undecodable-packet")));
    assert.equal(await story(trace.path, {}, 2), alone);
  } finally {
    await trace.remove();
  }
});

test("a filter that only the interpreter can run takes the whole query over to it", async () => {
  const trace = await recordedTrace("filter-lab");
  try {
    // Application contexts are variants: which type a value has, each record decides.
    const spec = {
      filter: compileFilter("$app.lab:v? >= 0 || k >= 0"),
      select: ["timestamp", "k"],
    };
    const alone = await story(trace.path, spec, 0);
    assert.ok(alone.length > 5, `${alone.length} lines`);
    assert.equal(await story(trace.path, spec, 2), alone);
    assert.equal(await story(trace.path, { ...spec, engine: "interpreter" }, 0), alone);
  } finally {
    await trace.remove();
  }
});

for (const engine of ["kernel", "interpreter"] as const) {
  test(`${engine}: packets of a file that shrinks under the reader are gaps that name it, and all others are read`, async () => {
    const trace = await spoiled(() => {});
    try {
      const deferPacketReads = engine === "kernel";
      const share = openFeed([trace.path], { from: "beginning" }).share({ deferPacketReads });
      const threads = deferPacketReads ? startWorkers(1) : [];
      const losses: Loss[] = [];
      let rows = 0;
      await new Promise<void>((resolve, reject) => {
        const shrinking = share.items.pipe(
          tap((item) => {
            // Its packets are known by now, and none of them has been read.
            if (item.kind === "begin") truncateSync(streamsOf(trace.path)[0]!, 8192);
          }),
        );
        runSpec({ threads, engine }, shrinking, share.gate).subscribe({
          next: (item) => {
            if (item.kind === "loss") losses.push(item.loss);
            else if (item.kind === "batch") rows += item.batch.rows;
          },
          error: reject,
          complete: resolve,
        });
      });
      assert.ok(losses.length > 1, `${losses.length} losses`);
      for (const loss of losses)
        assert.match(describeLoss(loss), /^\S+kernel\/k_0: expected \d+ bytes at \d+, got \d+/);
      assert.ok(rows > 1000, `${rows} rows`);
    } finally {
      await trace.remove();
    }
  });
}

/** The data files of a spoiled trace. */
function streamsOf(path: string): string[] {
  const kernel = join(path, "kernel");
  return readdirSync(kernel).flatMap((name) => (name === "metadata" ? [] : [join(kernel, name)]));
}

test("unsubscribing ends the threads at once", async () => {
  const trace = await recordedTrace("churn");
  try {
    const threads = startWorkers(2);
    const exits = threads.map((thread) => new Promise((resolve) => thread.once("exit", resolve)));
    const share = openFeed([trace.path], { from: "beginning" }).share({ deferPacketReads: true });
    await new Promise<void>((resolve) => {
      const subscription = runSpec({ threads }, share.items, share.gate).subscribe((item) => {
        if (item.kind !== "batch") return;
        subscription.unsubscribe();
        resolve();
      });
    });
    await Promise.all(exits);
    assert.is(threads.length, 2);
  } finally {
    await trace.remove();
  }
});

test.run();
