import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { startThreads } from "../../src/query/threads.ts";

const test = suite("query/threads");

const MIB = 1 << 20;
const folder = mkdtempSync(join(tmpdir(), "tracewire-threads-"));
test.after(() => rmSync(folder, { recursive: true }));

/** A folder with a file of so many bytes, of which the disk holds none. */
function traceOf(bytes: number): string {
  const path = join(folder, String(bytes));
  mkdirSync(path);
  writeFileSync(join(path, "stream"), "");
  truncateSync(join(path, "stream"), bytes);
  return path;
}

const SMALL = traceOf(MIB);
const LARGE = traceOf(64 * MIB);

/** How many threads are started; they are ended again. */
async function started(...args: Parameters<typeof startThreads>): Promise<number> {
  const threads = startThreads(...args);
  await Promise.all(threads.map((thread) => thread.terminate()));
  return threads.length;
}

test("starts threads for traces that take longer than their start", async () => {
  assert.is(await started([LARGE], "kernel", 2), 2);
  assert.is(await started([SMALL], "kernel", 2), 0);
  assert.is(await started([SMALL, LARGE], "kernel", 1), 1);
});

test("starts none for who needs none", async () => {
  assert.is(await started([LARGE], "kernel", 0), 0);
  assert.is(await started([LARGE], "interpreter", 2), 0);
  assert.is(await started([LARGE, "net://localhost/host/a/b"], "kernel", 2), 0);
  assert.is(await started([join(folder, "missing")], "kernel", 2), 0);
});

test("starts none where the first events are all that is looked at", async () => {
  assert.is(await started([LARGE], "kernel", 2, 1000), 0);
  assert.is(await started([LARGE], "kernel", 2, 1_000_000), 2);
});

test.run();
