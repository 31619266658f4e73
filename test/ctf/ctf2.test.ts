/** One run of LTTng 2.16 recorded in both formats: each gives what babeltrace2 2.1.2 printed, and both the same. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SharedDictionary } from "../../src/column/column-builder.ts";
import { planColumns } from "../../src/column/layout.ts";
import { MetadataStage } from "../../src/feed/metadata-stage.ts";
import { follow } from "../../src/relay/follow.ts";
import { InterpretingScanner } from "../../src/scan/interpreter.ts";
import { MemoryRelayd, virtualClock } from "../relay/memory-relayd.ts";
import { playback } from "../relay/playback.ts";
import { readRecording } from "../relay/recording.ts";
import { cell, rowsOf } from "../support/query.ts";
import { PROJECT, recordedTrace, type TraceName } from "../support/traces.ts";

const test = suite("ctf/ctf2");

const BLOCK = 100;

/**
 * SHA-1, cut to ten digits, of each hundred lines of `TIME RECORD` (ns since the epoch; labels of one value in order
 * of name), made from what `babeltrace2 --clock-seconds --no-delta` 2.1.2 printed.
 */
function expectedDigests(name: string): string[] {
  return readFileSync(join(PROJECT, `test/data/traces/${name}.sha1.txt`), "utf8")
    .trim()
    .split("\n");
}

function digests(lines: readonly string[]): string[] {
  const found: string[] = [];
  for (let i = 0; i < lines.length; i += BLOCK) {
    const text = lines.slice(i, i + BLOCK).join("\n");
    found.push(createHash("sha1").update(text).digest("hex").slice(0, 10));
  }
  return found;
}

/** Labels that stand for one value have no order of their own. */
function withSortedLabels(record: string): string {
  return record.replaceAll(
    /\( ("[^:]*") : container/g,
    (_, labels: string) => `( ${labels.split(", ").sort().join(", ")} : container`,
  );
}

async function recordsOf(name: TraceName): Promise<{ time: bigint; record: string }[]> {
  const trace = await recordedTrace(name);
  try {
    const { rows, losses } = await rowsOf(trace.path, {
      select: [{ kind: "timestamp" }, { kind: "record" }],
    });
    assert.equal(losses, []);
    return rows.map(({ timestamp, record }) => ({
      time: timestamp as bigint,
      record: withSortedLabels(record as string),
    }));
  } finally {
    await trace.remove();
  }
}

for (const name of ["ctf2", "ctf18"] as const) {
  test(`reads ${name} as babeltrace2 does`, async () => {
    const records = await recordsOf(name);
    assert.is(records.length, 26_400);
    const got = digests(records.map(({ time, record }) => `${time} ${record}`));
    const expected = expectedDigests(name);
    for (const [i, digest] of expected.entries())
      assert.is(got[i], digest, `lines ${i * BLOCK} to ${(i + 1) * BLOCK - 1}`);
  });
}

test("gives the same events of one run in both formats", async () => {
  const [ctf2, ctf18] = await Promise.all([recordsOf("ctf2"), recordsOf("ctf18")]);
  // Each tracer session read the clock by itself, so that order differs where two threads meet.
  const sorted = (records: typeof ctf2): string[] => records.map(({ record }) => record).sort();
  assert.equal(sorted(ctf2!), sorted(ctf18!));
});

test("plays a live conversation in CTF 2 through to the events that relayd stored", async () => {
  const relayd = new MemoryRelayd({ answer: playback(readRecording("ctf2")) });
  const clock = virtualClock();
  const source = follow("net://relayd/host/sid216/cap-ctf2", { dial: relayd.dial, clock });
  const catalog = new MetadataStage();
  const columns = planColumns([{ kind: "record" }], []);
  const live: string[] = [];
  let scanner: InterpretingScanner | undefined;
  for await (const item of source) {
    for (const decoded of catalog.decode(item)) {
      if (decoded.kind === "loss") assert.unreachable(JSON.stringify(decoded.loss));
      if (decoded.kind !== "packet") continue;
      const spec = {
        filter: undefined,
        events: [],
        columns,
        begin: undefined,
        end: undefined,
      };
      scanner ??= new InterpretingScanner(spec, [new SharedDictionary()], decoded.traceClass, {
        host: undefined,
      });
      scanner.update(decoded.traceClass);
      const { rows: batches, error } = scanner.scan(decoded.bytes, decoded.header);
      assert.is(error, undefined);
      for (const { rows, columns: values } of batches)
        for (let row = 0; row < rows; row++)
          live.push(withSortedLabels(String(cell(values[0]!, row))));
    }
  }
  const stored = (await recordsOf("cap-ctf2")).map(({ record }) => record);
  assert.ok(stored.length > 100);
  assert.equal(live.sort(), stored.sort());
});

test.run();
