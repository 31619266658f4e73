/** Which thread a query on recorded traces runs in. */

import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism, getPriority } from "node:os";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { EngineThread, QueryReceiver } from "../../src/server/engine/engine-thread.ts";
import { Engines } from "../../src/server/engine/engines.ts";
import { limitsOf, queryLimits } from "../../src/server/limits.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("server/engines");

const RECEIVER: QueryReceiver = {
  head() {},
  bytes() {},
  text() {},
  end() {},
  fail() {},
  over() {},
};

async function withEngines(work: (engines: Engines, path: string) => void): Promise<void> {
  const trace = await recordedTrace("small");
  const options = {
    sources: [trace.path],
    follow: { from: "beginning" } as const,
    containers: undefined,
    retain: undefined,
  };
  const engines = await Engines.open(options, () => {});
  try {
    work(engines, trace.path);
  } finally {
    await engines.close();
    await trace.remove();
  }
}

/** Gives a query to the thread that is chosen for it. */
function run(engines: Engines, path: string, search: string): EngineThread {
  const thread = engines.threadFor([path], search);
  const asked = { kind: "url", search, accept: undefined } as const;
  const limits = queryLimits(limitsOf({}));
  thread.run({ asked, sources: [path], hidden: [], limits }, RECEIVER);
  return thread;
}

test("equal queries that begin together run in one thread, where they can be run once", async () => {
  await withEngines((engines, path) => {
    const threads = Array.from({ length: 20 }, () => run(engines, path, "q=%7C%3E+count()"));
    assert.is(new Set(threads).size, 1);
  });
});

test("other queries are spread evenly, also over threads that have just been started", async () => {
  await withEngines((engines, path) => {
    const threads = Array.from({ length: 24 }, (_, i) => run(engines, path, `limit=${i + 1}`));
    const counts = [...new Set(threads)].map(
      (thread) => threads.filter((one) => one === thread).length,
    );
    if (availableParallelism() > 1) assert.ok(counts.length > 1, `${counts}`);
    assert.ok(Math.max(...counts) <= 2 * Math.min(...counts) + 2, `${counts}`);
  });
});

/** How nice the threads of this process are, one number each. */
function niceness(): number[] {
  return readdirSync("/proc/self/task").map((task) => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, "utf8");
    // The name in brackets may hold anything.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}

test("threads that run queries stand back where processors are short, the network's does not", async () => {
  const own = getPriority();
  assert.is(Math.max(...niceness()), own);
  await withEngines(() => {
    assert.ok(niceness().filter((nice) => nice > own).length > 0, `${niceness()}`);
    assert.is(getPriority(), own, "this thread's");
  });
});

test.run();
