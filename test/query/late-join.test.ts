/** Queries that join a live session late: streams are never all equally far, and yet nothing is missing between rows. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LiveFeed } from "../../src/feed/feed.ts";
import { replay } from "../../src/replay/server.ts";
import { collect, type Result, runSpec } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("query/late-join");
const trace = await recordedTrace("small");

test.after(() => trace.remove());

for (const engine of ["kernel", "interpreter"] as const) {
  test(`rows are an unbroken end of all rows, whenever a query joins: ${engine}`, async () => {
    const relayd = await replay([trace.path], { speed: "max", session: "small" });
    try {
      const feed = new LiveFeed(relayd.urls, { from: "beginning" });
      const select = ["timestamp", "event", "cpu_id"];
      const query = (): Promise<Result> =>
        collect(runSpec({ engine, isLive: true, select }, feed.share().items));
      const all = query();
      const late: Promise<Result>[] = [];
      feed.share().items.subscribe(({ kind }) => {
        // Between two packets; behind the last one it would attach anew.
        if (kind === "packet") queueMicrotask(() => feed.isAttached && late.push(query()));
      });
      const { rows } = await all;
      assert.is(rows.length, 17_202);
      let joined = 0;
      for (const { rows: own } of await Promise.all(late)) {
        assert.equal(own, rows.slice(rows.length - own.length));
        if (own.length > 0 && own.length < rows.length) joined++;
      }
      assert.ok(joined >= 10, `${joined} of ${late.length} joined in the middle`);
    } finally {
      await relayd.close();
    }
  });
}

test.run();
