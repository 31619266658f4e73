/** The measured cases once more, from end to end: the recorded trace, the public API, and both executors. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compileFilter, FilterError } from "../../src/index.ts";
import { rowsOf } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";
import { HOSTILE } from "./hostile.ts";
import { expectedK, MEASURED } from "./measured-cases.ts";

/**
 * Cases that the recorded trace cannot decide, with the reason. None: every context that the cases name was added to
 * its channel, or is one that no user-space filter can use; and none asks for `nw`, which is in no trace.
 */
const NOT_JUDGED: ReadonlyMap<string, string> = new Map();

const ENGINES = ["kernel", "interpreter"] as const;

const test = suite("filter/kernel-cases");
const trace = await recordedTrace("filter-lab");

test.after(() => trace.remove());

/** The records that a filter keeps, by `k`. */
async function keptK(expr: string, engine: (typeof ENGINES)[number]): Promise<number[]> {
  try {
    const { rows, losses } = await rowsOf(trace.path, {
      filter: compileFilter(expr),
      events: ["lab:ev"],
      select: ["k"],
      engine,
    });
    assert.equal(losses, [], expr);
    return rows.map(({ k }) => Number(k));
  } catch (error) {
    // Names that a recorded trace does not have are an error here; to LTTng they match nothing.
    if (error instanceof FilterError && error.code === "FILTER_UNKNOWN_FIELD") return [];
    throw error;
  }
}

for (const engine of ENGINES) {
  test(`keeps the records that each measured case keeps, with the ${engine}`, async () => {
    const wrong: string[] = [];
    for (const one of MEASURED) {
      if (one.compile === "reject" || NOT_JUDGED.has(one.expr)) continue;
      const got = await keptK(one.expr, engine);
      const expected = expectedK(one);
      if (got.join() !== expected.join())
        wrong.push(`${one.expr}: expected ${expected}; got ${got}`);
    }
    assert.equal(wrong, []);
  });

  test(`compares the time of each record with the ${engine}`, async () => {
    const { rows } = await rowsOf(trace.path, { select: ["timestamp", "k"], events: ["lab:ev"] });
    assert.is(rows.length, 10);
    for (const { timestamp, k } of rows) {
      assert.equal(await keptK(`$event.timestamp == ${timestamp}`, engine), [k]);
      assert.is((await keptK(`$event.timestamp <= ${timestamp} && k >= 0`, engine)).at(-1), k);
      assert.equal(await keptK(`$event.timestamp >> 63 || $event.timestamp? < 0`, engine), []);
    }
  });
}

for (const engine of ENGINES) {
  test(`lets an absent $app context or optional field matter only where evaluated: ${engine}`, async () => {
    assert.equal(await keptK("k == 1 || $app.no:body == 1", engine), [1]);
    assert.equal(await keptK("$app.no:body == 1 || k == 1", engine), []);
    assert.equal(await keptK("nobody? == 1 || k == 1", engine), [1]);
    assert.equal(await keptK("!(nobody? == 1) && k < 2", engine), [0, 1]);
  });
}

test("judges every measured case but those listed with a reason", () => {
  const accepted = MEASURED.filter(({ compile }) => compile === "accept").map(({ expr }) => expr);
  const judged = accepted.filter((expr) => !NOT_JUDGED.has(expr));
  assert.equal([accepted.length, judged.length], [ACCEPTED, ACCEPTED - NOT_JUDGED.size]);
  for (const expr of NOT_JUDGED.keys()) assert.ok(accepted.includes(expr), expr);
});

const ACCEPTED = 244;

/** What a filter does: the records that it keeps, or why it is refused. */
async function outcomeOf(expr: string, engine: (typeof ENGINES)[number]): Promise<string> {
  try {
    return (await keptK(expr, engine)).join();
  } catch (error) {
    if (error instanceof FilterError) return error.code;
    throw error;
  }
}

const CHAINS: readonly (readonly [string, string])[] = [
  ["a list", `k in (${Array.from({ length: 5900 }, (_, i) => i + 3)})`],
  ["alternatives", Array.from({ length: 2900 }, (_, i) => `k == ${i + 3}`).join(" || ")],
  ["exclusions", Array.from({ length: 2900 }, (_, i) => `k != ${i + 3}`).join(" && ")],
  ["both", Array.from({ length: 1400 }, (_, i) => `k == ${i} && k != 3`).join(" || ")],
  ["optional terms", Array.from({ length: 1900 }, (_, i) => `nw? == ${i}`).join(" || ")],
  ["texts", Array.from({ length: 2900 }, (_, i) => `s == "${i}"`).join(" || ")],
];

for (const [name, expr] of [...HOSTILE, ...CHAINS])
  test(`does the same with ${name}, compiled and interpreted`, async () => {
    const [kernel, interpreter] = await Promise.all(ENGINES.map((one) => outcomeOf(expr, one)));
    assert.is(kernel, interpreter);
  });

test.run();
