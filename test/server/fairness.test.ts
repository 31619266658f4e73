/** Light queries beside the heaviest that is allowed: threads of their own, and turns between queries of one thread. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningServer, serve } from "../../src/server/server.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("server/fairness");
const LIGHT = "/v1/query?limit=10&format=ndjson&select=timestamp,event";
const COUNT = 20;
/** Twice, and what a machine takes that runs other tests beside this one. */
const SLACK_MS = process.env["STRICT"] === undefined ? 250 : 0;

/** A filter of globs that costs nearly as much as may be. */
function heaviest(): string {
  const glob = (i: number): string => `$ctx.procname == "*a*b*c*d*e${i}"`;
  return Array.from({ length: 190 }, (_, i) => glob(i)).join(" || ");
}

/** Milliseconds of light queries, one after the other. */
async function lightTimes(server: RunningServer): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    const began = performance.now();
    const rows = (await (await fetch(`${server.url}${LIGHT}`)).text()).trim().split("\n");
    times.push(performance.now() - began);
    assert.is(rows.length, 10);
  }
  return times.sort((a, b) => a - b)[COUNT / 2]!;
}

test("light queries take at most twice their time beside heavy ones", async () => {
  const trace = await recordedTrace("small");
  const server = await serve([trace.path], { port: 0 });
  const stop = new AbortController();
  let finished = 0;
  const heavy = async (): Promise<void> => {
    const body = JSON.stringify({
      where: heaviest(),
      select: Array(60).fill("payload"),
      format: "csv",
    });
    const headers = { "Content-Type": "application/json" };
    while (!stop.signal.aborted) {
      const how = { method: "POST", body, headers, signal: stop.signal };
      const answer = await fetch(`${server.url}/v1/query`, how).catch(() => undefined);
      if (answer === undefined) return;
      assert.is(answer.status, 200, await (answer.ok ? "" : answer.text()));
      await answer.arrayBuffer().catch(() => undefined);
      finished++;
    }
  };
  try {
    await lightTimes(server);
    const alone = await lightTimes(server);
    const running = [heavy()];
    await new Promise((done) => setTimeout(done, 500));
    const beside = await lightTimes(server);
    stop.abort();
    await Promise.all(running);
    console.log(
      `\n   light p50 alone ${alone.toFixed(1)} ms, beside a heavy one ${beside.toFixed(1)} ms; ${finished} heavy ones finished`,
    );
    assert.ok(beside <= 2 * alone + SLACK_MS, `${alone} → ${beside} ms`);
  } finally {
    stop.abort();
    await server.close();
    await trace.remove();
  }
});

test.run();
