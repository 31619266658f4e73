/**
 * The filter language against the tracer itself: random filters, each given to `lttng enable-event --filter` and to this
 * engine, which reads the unfiltered recording of the same run. Both keep the same records, or both refuse.
 *
 * Left out are shapes that the tracer is known to evaluate wrongly (`tracer-defects.ts`). `FILTERS=…` and `LONG=…` make
 * it longer.
 */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isPortable } from "../../src/filter/portable.ts";
import { compileFilter, FilterError } from "../../src/index.ts";
import { buildApplication } from "../support/application.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { rowsOf } from "../support/query.ts";
import { random } from "../support/random.ts";
import { recordFilters, removeRun } from "./filter-run.ts";
import { isSound, randomFilter } from "./random-filter.ts";

const test = suite("real/filter");
const run = needsLttng(test);
const daemons = sharedLttng(test);
const folder = mkdtempSync(join(tmpdir(), "tracewire-filters-"));

test.after(() => removeRun(folder));

const FILTERS = Number(process.env["FILTERS"] ?? 400) * Number(process.env["LONG"] ?? 1);
const RECORDS = 96;
/** Channels of one session. */
const BATCH = 50;

function isAccepted(text: string): boolean {
  try {
    compileFilter(text);
    return true;
  } catch (error) {
    if (error instanceof FilterError) return false;
    throw error;
  }
}

/** Records as `event k`, in the order of the trace. */
async function records(
  trace: string,
  where?: string,
  engine: "kernel" | "interpreter" = "kernel",
): Promise<readonly string[]> {
  try {
    const filter = where === undefined ? undefined : compileFilter(where);
    const { rows, losses } = await rowsOf(trace, { filter, select: ["event", "k"], engine });
    assert.equal(losses, []);
    return rows.map(({ event, k }) => `${event} ${k}`);
  } catch (error) {
    // Names that a recorded trace does not have are an error here; to LTTng they match nothing.
    if (error instanceof FilterError && error.code === "FILTER_UNKNOWN_FIELD") return [];
    throw error;
  }
}

run("keeps the records that the tracer keeps, and refuses what LTTng refuses", async () => {
  const lttng = await daemons();
  const program = await buildApplication(folder, "filter-app");
  const next = random("real/filter");
  const wrong: string[] = [];
  let refused = 0;
  let selective = 0;
  for (let done = 0; done < FILTERS; done += BATCH) {
    const filters = new Set<string>();
    while (filters.size < Math.min(BATCH, FILTERS - done)) {
      const text = randomFilter(next);
      if (!isAccepted(text) || isSound(text)) filters.add(text);
    }
    const name = `batch${done / BATCH}`;
    const own = join(folder, name);
    const run = await recordFilters(lttng, program, own, name, [...filters], RECORDS);
    const all = await records(run.whole);
    assert.is(all.length, RECORDS + RECORDS / 4);
    for (const [text, kept] of run.kept) {
      if (isAccepted(text) !== (kept !== undefined)) {
        wrong.push(`${text}: ${kept === undefined ? "refused" : "accepted"} by LTTng alone`);
      }
      if (!isAccepted(text) || kept === undefined) {
        refused++;
        continue;
      }
      const expected = await records(kept);
      if (expected.length > 0 && expected.length < all.length) selective++;
      for (const engine of ["kernel", "interpreter"] as const) {
        const got = await records(run.whole, text, engine);
        if (got.join() !== expected.join())
          wrong.push(`${text}: the tracer keeps ${expected}; the ${engine} ${got}`);
      }
    }
    removeRun(own);
  }
  console.log(`${FILTERS} filters, ${refused} refused by both, ${selective} keep some records`);
  assert.equal(wrong, []);
  // Most must put something to the test.
  assert.ok(selective > FILTERS / 4, `${selective} of ${FILTERS} keep some records`);
});

run("has no extension that LTTng would take for something else", async () => {
  const lttng = await daemons();
  await lttng.createSession("extensions", { events: [], liveTimerUs: 0, isStarted: false });
  const into = ["--session", "extensions", "--userspace"];
  await lttng.lttng("enable-channel", ...into, "channel");
  const enable = (text: string): Promise<string> =>
    lttng.lttng("enable-event", ...into, "--channel", "channel", "a:b", "--filter", text);
  for (const text of EXTENSIONS) {
    assert.not(isPortable(compileFilter(text)), text);
    const refusal = await enable(text).then(
      () => "none",
      (error: Error) => error.message,
    );
    // In the words of LTTng 2.13, or of 2.16.
    assert.match(refusal, /Invalid (filter|parameter)/, text);
  }
  for (const text of ["k", "a.b.c == 1 || $app.a:b == 2"]) {
    assert.ok(isPortable(compileFilter(text)), text);
    await enable(text);
  }
});

/** Each extension, by itself and among other things. */
const EXTENSIONS = [
  ...[
    "k?",
    "k? == 1",
    "a.b? == 1",
    "$ctx.procname? == 'a'",
    "k == 1 || (s? == 'a*')",
    "sq[1]? == 2",
  ],
  ...["k in (1)", "k in (1, 2)", "s in ('a', 'b*')", "!(k in (1, 2)) && 1"],
  ...["$event.name == 'a'", "$event.loglevel < 3", "$event.timestamp > 5", "$event.cpu_id == 0"],
  ...["$event.domain == 'ust'", "$trace.hostname == 'a'", "$trace.name == 'a'"],
  ...["k > 5ns", "k > 5us", "k > 5ms", "k > 5s", "k > 5min", "k > 5h"],
  ...["k > 1B", "k > 1KiB", "k > 1MiB", "k > 1GiB", "k > 1TiB"],
];

test.run();
