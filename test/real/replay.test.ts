import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, linesOf, stopChildren } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { freePorts } from "../support/ports.ts";
import { recordedTrace } from "../support/traces.ts";
import { babeltraceLines, tracewire } from "../support/tracewire.ts";

const test = suite("real/replay");
const run = needs(test, ["babeltrace2"]);
test.after.each(stopChildren);

const EVENTS = 17_202;

run("serves babeltrace2's live reader, which lists and reads every event", async () => {
  const trace = await recordedTrace("small");
  try {
    const [port] = await freePorts(1);
    const listen = `127.0.0.1:${port}`;
    const replay = tracewire("replay", trace.path, "--listen", listen, "--speed", "max");
    await replay.until("listens", () => replay.lines.length > 0);
    const url = replay.lines[0] ?? "";
    assert.match(url, new RegExp(`^net://${listen}/host/[^/]+/[^/]+$`));

    const live = ["--input-format=lttng-live", "--no-delta"];
    const listing = await new Child("babeltrace2", [...live, `net://${listen}`]).output();
    assert.match(listing, `${url} (timer = `);
    assert.match(listing, "0 client(s) connected");

    const lines = linesOf(await new Child("babeltrace2", [...live, url]).output());
    assert.is(lines.length, EVENTS);
    const expected = await babeltraceLines(trace.path);
    const different = lines.filter((line, i) => line !== expected[i]);
    assert.equal(
      lines.map(withoutFilename),
      expected.map(withoutFilename),
      "other than in file names",
    );
    // Where the name is empty, babeltrace2 2.0 prints what its buffer held before.
    assert.ok(different.length < 10);
    assert.ok(different.every((line) => line.includes("syscall_entry_openat")));

    replay.process.kill("SIGINT");
    assert.equal(await replay.end(), { code: 0, signal: null });
  } finally {
    await trace.remove();
  }
});

function withoutFilename(line: string): string {
  return line.replace(/ filename = "[^"]*"/, "");
}

test.run();
