/** What was lost while rows were written is told again by whoever asks the files. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("segments/lost");
const folders = new Folders();
const trace = await recordedTrace("lossy");
test.after(async () => {
  folders.removeAll();
  await trace.remove();
});

interface Answer {
  readonly status: number | null;
  readonly stderr: string;
  readonly rows: readonly { readonly window: string; readonly lost_events: number }[];
}

function asked(source: string, query: string): Answer {
  const { status, stdout, stderr } = run(["query", source, query, "--format", "ndjson"]);
  const rows = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer["rows"][number]);
  return { status, stderr, rows };
}

const wanted = asked(trace.path, "|> count()");

for (const format of ["arrow", "parquet"]) {
  const folder = folders.make({});
  const file = join(folder, `rows.${format}`);
  writeFileSync(file, run(["tail", trace.path, "--format", format]).stdoutBytes);
  const segments = join(folder, "segments");
  run(["record", trace.path, "--format", format, "--to", segments, "--segment-size", "300K"]);

  for (const [source, what] of [
    [file, "a file"],
    [segments, "segments"],
  ] as const) {
    test(`${format}: a count of ${what} says what the trace's says, by its exit status, too`, () => {
      assert.ok(wanted.rows[0]!.lost_events > 0);
      const { status, stderr, rows } = asked(source, "|> count()");
      assert.equal(rows, wanted.rows);
      assert.is(status, wanted.status);
      assert.match(stderr, `${wanted.rows[0]!.lost_events} events discarded`);
    });

    test(`${format}: each lost event is in a window of ${what}`, () => {
      const query = "|> count() every 1s";
      const ofTrace = asked(trace.path, query).rows;
      const { rows } = asked(source, query);
      const windows = (of: Answer["rows"]): readonly string[] => of.map(({ window }) => window);
      assert.equal(windows(rows), windows(ofTrace));
      const sum = rows.reduce((all, { lost_events }) => all + lost_events, 0);
      assert.ok(sum >= wanted.rows[0]!.lost_events, `${sum}`);
    });
  }

  test(`${format}: rows that are copied keep the account once`, () => {
    const copy = join(folder, "copy.parquet");
    writeFileSync(copy, run(["tail", file, "--format", "parquet"]).stdoutBytes);
    assert.equal(asked(copy, "|> count()").rows, wanted.rows);
  });
}

test.run();
