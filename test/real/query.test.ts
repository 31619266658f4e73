/** Questions about a real live session: what windows and totals say while it runs is what its stored trace says afterwards. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { stopChildren } from "../support/child.ts";
import { needsLttng, sharedLttng } from "../support/lttng.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/query");
const run = needsLttng(test);
const daemons = sharedLttng(test);
test.after(stopChildren);

/** Requests: some thousands in continuous integration, `TRACEWIRE_REQUESTS` for a longer run. */
const REQUESTS = Number(process.env["TRACEWIRE_REQUESTS"] ?? 3000);

/** The first application's ticks begin requests, the second's end them. */
const PAIR =
  '|> pair "tracewire_test:tick" where tag == "begin" then "tracewire_test:tick" where tag == "end" by number within 1h';
const QUESTIONS = [
  `${PAIR} |> count(), sum(dt), p99(dt) every 500ms`,
  `${PAIR} |> count(), min(dt), max(dt), p50(dt)`,
  "|> count(), distinct(number), first(number), last(number) by tag, $ctx.pid_ns every 1s",
];

type Row = Record<string, string | number>;

function rowsOf(text: string): Row[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Row).filter((row) => !("snapshot" in row));
}

/** Live, windows in which nothing came may stand behind the last. */
function filled(rows: readonly Row[]): readonly Row[] {
  return rows.filter(({ count }) => count !== 0);
}

run(`counts ${REQUESTS} requests of two namespaces, live as stored`, async () => {
  const lttng = await daemons();
  await lttng.createSession("asked", { contexts: ["vtid", "pid_ns"] });
  const server = await serve([lttng.url("asked")], { port: 0 });
  // Queries get what comes from when they have joined.
  const live = await Promise.all(
    QUESTIONS.map((q) => {
      const query = new URLSearchParams({ q, format: "ndjson" });
      return fetch(`${server.url}/v1/query?${query}`);
    }),
  );
  const begins = await lttng.application("begin", { isContained: true });
  const ends = await lttng.application("end", { isContained: true });
  for (let i = 0; i < 3; i++) {
    await begins.emit("tick", REQUESTS / 3);
    await ends.emit("tick", REQUESTS / 3);
  }
  await begins.end();
  await ends.end();
  await lttng.end("asked");
  for (const [i, text] of QUESTIONS.entries()) {
    const stored = tracewire("query", lttng.stored("asked"), text, "--format", "ndjson");
    const own = filled(rowsOf(await live[i]!.text()));
    const wanted = filled(rowsOf(await stored.output()));
    assert.equal(own, wanted, text);
    const count = wanted.reduce((sum, row) => sum + Number(row["count"]), 0);
    assert.is(count, text.startsWith(PAIR) ? REQUESTS : 2 * REQUESTS);
  }
  await server.close();
});

test.run();
