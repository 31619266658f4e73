/** User-space rows of a container get the host's ids of their tasks, where the kernel's events or container records have them. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { openFeed } from "../../src/feed/feed.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { namesOf } from "../../src/operators/run-question.ts";
import { askSpec, collect } from "../support/query.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("operators/host-ids");

for (const engine of ["kernel", "interpreter"] as const) {
  test(`tid and pid of user-space rows are the host's: ${engine}`, async () => {
    const trace = await recordedTrace("churn");
    try {
      const feed = openFeed([trace.path], { from: "beginning" });
      const rows = async (where: string, select: string[]) =>
        (
          await collect(
            askSpec({ engine, filter: compileFilter(where), select }, feed.share(), () =>
              namesOf(feed),
            ),
          )
        ).rows;
      const select = ["container", "domain", "pid_ns", "tid", "pid", "vtid", "vpid", "procname"];
      const all = await rows('$container.name != ""', select);
      const own = all.filter(({ domain }) => domain === "ust");
      assert.ok(own.length > 0, "no user-space rows");
      // The kernel's events of the same task say both ids.
      const known = new Map<string, Set<unknown>>();
      for (const { domain, pid_ns, vtid, tid } of all) {
        if (domain !== "kernel") continue;
        const key = `${pid_ns} ${vtid}`;
        known.set(key, (known.get(key) ?? new Set()).add(tid));
      }
      let checked = 0;
      for (const { pid_ns, vtid, tid } of own) {
        const expected = known.get(`${pid_ns} ${vtid}`);
        if (expected === undefined) continue;
        assert.ok(expected.has(tid), `${pid_ns} ${vtid}: ${tid} of ${[...expected]}`);
        checked++;
      }
      assert.ok(checked > 0, `${own.length} rows, none of a task that the kernel traced`);
    } finally {
      await trace.remove();
    }
  });
}

test.run();
