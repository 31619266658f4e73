/** What queries share of compiled code: all that does not differ in what they ask. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { query } from "../../src/library/query.ts";
import { emissionCount } from "../../src/scan/kernel/scan/kept-units.ts";
import { compilationCount } from "../../src/wasm/module-cache.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("query/shared-code");

test("queries that begin and end at other times compile nothing anew", async () => {
  const trace = await recordedTrace("small");
  const rows = async (begin: string, end: string): Promise<number> => {
    let count = 0;
    const select = ["timestamp", "event"];
    const asked = query(trace.path, { select, begin, end, threads: 0 });
    await asked.batches().forEach((batch) => {
      count += batch.rows;
    });
    return count;
  };
  try {
    const first = await rows("2026-11-22 08:55:45.5Z", "2026-11-22 08:55:49Z");
    const compiled = compilationCount();
    const counts = [
      await rows("2026-11-22 08:55:46Z", "2026-11-22 08:55:49Z"),
      await rows("2026-11-22 08:55:46.5Z", "2026-11-22 08:55:48Z"),
    ];
    assert.is(compilationCount(), compiled);
    assert.ok(
      first > counts[0]! && counts[0]! > counts[1]! && counts[1]! > 0,
      `${first} ${counts}`,
    );
  } finally {
    await trace.remove();
  }
});

test("a query that is asked again emits nothing anew, and another emits its own", async () => {
  const trace = await recordedTrace("small");
  const rows = async (where: string, select: readonly string[]): Promise<number> => {
    let count = 0;
    const asked = query(trace.path, { select, where, threads: 0 });
    await asked.batches().forEach((batch) => {
      count += batch.rows;
    });
    return count;
  };
  try {
    const select = ["timestamp", "event"];
    const first = await rows("ret? >= 0", select);
    const emitted = emissionCount();
    assert.is(await rows("ret?  >=  0", select), first);
    assert.is(emissionCount(), emitted);
    assert.is(await rows("ret? >= 0", [...select, "ret"]), first);
    const others = emissionCount();
    assert.ok(others > emitted);
    assert.ok((await rows("ret? < 0", select)) !== first);
    assert.ok(emissionCount() > others);
  } finally {
    await trace.remove();
  }
});

test.run();
