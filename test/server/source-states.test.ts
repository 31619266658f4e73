/** `GET /v1/sources`: how each source fares, since when, and what is tried, whatever is lost. */

import { existsSync, renameSync } from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { replay } from "../../src/replay/server.ts";
import { type RunningServer, serve } from "../../src/server/server.ts";
import type { SourceReport } from "../../src/server/source-states.ts";
import { eventually } from "../support/child.ts";
import { recordedTrace } from "../support/traces.ts";
import { get, withLive, withRecorded } from "./lab.ts";

const test = suite("server/source-states");

async function reports(server: RunningServer): Promise<readonly SourceReport[]> {
  const { status, body } = await get(server, "/v1/sources");
  assert.is(status, 200);
  return JSON.parse(body.toString()).sources;
}

/** The report of the only source, once it is in a state. */
function inState(server: RunningServer, state: SourceReport["state"]): Promise<SourceReport> {
  return eventually(`a source is ${state}`, async () => {
    return (await reports(server)).find((one) => one.state === state);
  });
}

test("says since when a relay daemon is lost and that it is tried again, without any query", async () => {
  const trace = await recordedTrace("small");
  const options = { session: "small", loop: true, shiftToNow: true } as const;
  let relayd = await replay([trace.path], options);
  const server = await serve(relayd.urls, { port: 0 });
  try {
    const attached = await inState(server, "attached");
    assert.equal([attached.kind, attached.message], ["live", ""]);
    const before = Date.now();
    await relayd.close();
    const lost = await inState(server, "lost");
    assert.match(lost.message, /; trying again$/);
    assert.is((await get(server, "/readyz")).status, 503);
    assert.match((await get(server, "/metrics")).body.toString(), /source_attached{[^}]*} 0/);
    assert.ok(Date.parse(lost.since!) >= before - 1000 && Date.parse(lost.since!) <= Date.now());
    // The reason changes from a closed connection to a refused one; the state goes on.
    const refused = await eventually("another reason", async () => {
      const [report] = await reports(server);
      return report !== undefined && report.message !== lost.message ? report : undefined;
    });
    assert.equal([refused.state, refused.since], ["lost", lost.since]);
    relayd = await replay([trace.path], { ...options, port: relayd.port });
    const again = await inState(server, "attached");
    assert.is(again.message, "");
    assert.is((await get(server, "/readyz")).status, 200);
    assert.ok(Date.parse(again.since!) > Date.parse(lost.since!));
  } finally {
    await server.close();
    await relayd.close();
    await trace.remove();
  }
});

test("says when a session is over, and what attaches it again", async () => {
  await withLive(async (server) => {
    assert.is((await get(server, "/v1/query?select=event&format=csv")).status, 200);
    const { message, since } = await inState(server, "ended");
    assert.is(message, "the source is over; the next query attaches it again");
    assert.ok(since !== null);
  });
});

test("says that a followed directory is gone and waited for", async () => {
  const trace = await recordedTrace("small");
  const server = await serve([`follow:${trace.path}`], { port: 0, wait: true });
  const away = `${trace.path}.away`;
  try {
    // Nothing is read before the first query.
    await get(server, "/v1/query?select=event&format=csv&limit=1");
    await inState(server, "attached");
    renameSync(trace.path, away);
    assert.match((await inState(server, "waiting")).message, /was deleted; waiting for the next$/);
    renameSync(away, trace.path);
    assert.is((await inState(server, "attached")).message, "");
  } finally {
    await server.close();
    await trace.remove();
  }
});

test("says since when a recorded trace cannot be read", async () => {
  await withRecorded(async (server, directory) => {
    const readable = await inState(server, "readable");
    const { source, kind, since, message, lag_seconds } = readable;
    assert.equal(
      [source, kind, since, message, lag_seconds],
      [directory, "recorded", null, "", null],
    );
    const away = `${directory}.away`;
    renameSync(directory, away);
    try {
      const failed = await inState(server, "failed");
      assert.match(failed.message, /no such file or directory; the next query reads it again$/);
      // A second look, at other files than the one before.
      await new Promise((done) => setTimeout(done, 1100));
      assert.is((await inState(server, "failed")).since, failed.since);
    } finally {
      renameSync(away, directory);
    }
    assert.ok(existsSync(directory));
    assert.is((await inState(server, "readable")).since, null);
  });
});

test.run();
