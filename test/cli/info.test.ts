import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { run } from "../support/program.ts";
import { recordedTrace } from "../support/traces.ts";

const test = suite("cli/info");

const ctf2 = await recordedTrace("ctf2");
const lossy = await recordedTrace("lossy");
test.after(async () => {
  await ctf2.remove();
  await lossy.remove();
});

interface Report {
  readonly traces: readonly {
    readonly format: string;
    readonly uuid: string;
    readonly environment: Readonly<Record<string, unknown>>;
    readonly clocks: readonly Readonly<Record<string, unknown>>[];
    readonly events: number;
    readonly discarded_events: number;
    readonly begin: string;
    readonly streams: readonly { readonly name: string; readonly events: number }[];
    readonly stream_classes: readonly {
      readonly id: number;
      readonly common_context: readonly { readonly name: string; readonly type: string }[];
      readonly event_classes: readonly {
        readonly name: string;
        readonly events: number;
        readonly log_level: number | null;
        readonly fields: readonly { readonly name: string; readonly type: string }[];
      }[];
    }[];
    readonly problems: readonly string[];
  }[];
}

test("info and containers show the times of a wrong clock as they were", () => {
  const begin = (...options: string[]): bigint => {
    const { stdout } = run(["info", ctf2.path, "--json", ...options]);
    return BigInt(Date.parse((JSON.parse(stdout) as Report).traces[0]!.begin));
  };
  assert.is(begin() - begin("--clock-offset=-2h"), 7_200_000n);
  const { stdout } = run(["containers", ctf2.path, "--json", "--clock-offset=-2h"]);
  const plain = run(["containers", ctf2.path, "--json"]).stdout;
  assert.is.not(stdout, plain);
});

/** @param expected exit status: 3 where something is lost */
function json(path: string, expected: number = 0): Report {
  const { status, stdout, stderr } = run(["info", path, "--json"]);
  assert.equal([status, stderr], [expected, ""]);
  return JSON.parse(stdout) as Report;
}

test("shows what a trace in CTF 2 holds", () => {
  const { status, stdout, stderr } = run(["info", ctf2.path]);
  assert.equal([status, stderr], [0, ""]);
  for (const line of [
    /^ {2}format +CTF 2$/m,
    /^ {2}uuid +893b5070-6849-4b6b-a490-66f796a5ec70$/m,
    /^ {2}tracer +lttng-ust 2\.16$/m,
    /^ {2}host +sid216$/m,
    /^ {2}clock +monotonic, 1 GHz, offset 1795334705 s \+ 284012767 cycles$/m,
    /^ {2}content +26400 events in 8 packets of 3 streams, 1\.7 MiB$/m,
    /^ {2}lost +nothing$/m,
    /^ {2}perchan_0 +0 +1 +6600 +192\.0 KiB +-$/m,
    /^ {2}shop:request +3 +6000 +DEBUG_LINE +id, path, bytes,/m,
    /^ {2}lab:nofields +1 +600 +CRIT +-$/m,
  ])
    assert.match(stdout, line);
});

test("shows the types of fields when asked", () => {
  const { stdout } = run(["info", ctf2.path, "--fields"]);
  for (const line of [
    /^ {4}procname +text\[16\]$/m,
    /^ {4}hx +uint32 base 16$/m,
    /^ {4}n16 +uint16 big-endian$/m,
    /^ {4}an +\(int64 big-endian\)\[2\]$/m,
    /^ {4}st +enum int32 \{ BUSY = 1, ERR = 10 \.\.\. 20, IDLE = 0 \}$/m,
  ])
    assert.match(stdout, line);
});

test("counts events per class, and says the same in JSON", () => {
  const trace = json(ctf2.path).traces[0]!;
  assert.is(trace.format, "CTF 2");
  assert.is(trace.begin, "2026-11-22T09:09:13.560259110Z");
  assert.equal(trace.clocks[0]?.["frequency"], 1_000_000_000);
  const [percpu, perchan] = trace.stream_classes;
  const counts = (streamClass: typeof percpu): number =>
    streamClass!.event_classes.reduce((sum, { events }) => sum + events, 0);
  assert.equal([counts(percpu), counts(perchan)], [19_800, 6600]);
  assert.is(
    trace.streams.reduce((sum, { events }) => sum + events, 0),
    26_400,
  );
  const levels = percpu!.event_classes.map(({ name, log_level }) => [name, log_level]);
  assert.equal(levels.slice(0, 2), [
    ["lab:alltypes", 4],
    ["lab:nofields", 2],
  ]);
});

test("counts what is lost, per stream", () => {
  const [kernel] = json(lossy.path, 3).traces;
  assert.ok(kernel!.discarded_events > 1000);
  const { stdout } = run(["info", lossy.path]);
  assert.match(stdout, /^ {2}lost +\d+ events discarded by the tracer$/m);
});

test("reports a bad trace among others", () => {
  mkdirSync(join(ctf2.path, "bad"));
  writeFileSync(join(ctf2.path, "bad", "metadata"), "trace { byte_order = middle; };");
  const { status, stdout, stderr } = run(["info", ctf2.path]);
  assert.is(status, 3);
  assert.match(stdout, "26400 events");
  assert.match(stderr, /warning: .*bad\/metadata: metadata, line 1, column 9: expected byte_order/);
});

test("fails where there is no trace", () => {
  const { status, stderr } = run(["info", join(ctf2.path, "nothing")]);
  assert.is(status, 1);
  assert.match(stderr, /error: .*nothing: expected a trace directory, got no such file/);
});

test.run();
