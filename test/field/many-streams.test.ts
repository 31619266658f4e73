/** Traces of very many streams (MPI ranks, one buffer per process): memory by rows, and few descriptors. */

import { spawnSync } from "node:child_process";
import { tableFromIPC } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Folders } from "../support/folder.ts";
import { rowsOf } from "../support/query.ts";
import { MAIN } from "../support/traces.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("field/many-streams");
const folders = new Folders();
test.after(() => folders.removeAll());

/** Two packets of one event each for every stream; all first packets begin before any second one. */
function traceOf(streams: number): string {
  const files: Record<string, string | Uint8Array> = {
    metadata: PREAMBLE + STREAM + event(1, "tick", "u32 number; string text;"),
  };
  for (let stream = 0; stream < streams; stream++) {
    const packets = [1, 2].map((round) => {
      const time = BigInt(round * 1_000_000 + stream);
      const payload = new Bytes().u32(stream).text(`stream ${stream}`).u8(0).take();
      return packet(record(1, time, payload), { begin: time, end: time + 500_000n });
    });
    files[`stream_${String(stream).padStart(5, "0")}`] = joined(...packets);
  }
  return folders.make(files);
}

interface Ran {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly mostKiB: number;
}

/** Runs the program with few descriptors, and says how much memory it took. */
function runWithFewFiles(...args: string[]): Ran {
  const report = "process.on('exit', () => console.error('rss', process.resourceUsage().maxRSS))";
  const { status, stdout, stderr } = spawnSync(
    "bash",
    [
      "-c",
      'ulimit -n 64; exec "$0" "$@"',
      process.execPath,
      ...["--import", `data:text/javascript,${report}`],
      MAIN,
      ...args,
    ],
    { maxBuffer: 1 << 30, env: { ...process.env, NO_COLOR: "" } },
  );
  const text = stderr.toString();
  return { status, stdout, stderr: text, mostKiB: Number(/rss (\d+)/.exec(text)?.[1]) };
}

const LINES: readonly (readonly [string, (stdout: Buffer) => number])[] = [
  ["text", lines],
  ["babeltrace", lines],
  ["ndjson", lines],
  ["csv", (stdout) => lines(stdout) - 1],
  ["arrow", (stdout) => tableFromIPC(stdout).numRows],
];

function lines(stdout: Buffer): number {
  return stdout.toString().split("\n").length - 1;
}

test("1500 streams are read in every format, by either engine, with 64 descriptors", () => {
  const path = traceOf(1500);
  for (const engine of ["kernel", "interpreter"]) {
    for (const [format, count] of LINES) {
      const ran = runWithFewFiles("tail", path, "--format", format, "--engine", engine);
      assert.is(count(ran.stdout), 3000, `${engine} ${format}: ${ran.stderr}`);
      assert.is(ran.status, 0);
      assert.ok(ran.mostKiB < 512 << 10, `${engine} ${format}: ${ran.mostKiB} KiB`);
    }
  }
  const info = runWithFewFiles("info", path);
  assert.match(info.stdout.toString(), /tick\s+1\s+3000\b/);
  assert.is(info.status, 0);
});

for (const engine of ["kernel", "interpreter"] as const) {
  test(`${engine}: 10000 streams are read in the order of time`, async () => {
    const select = ["timestamp", "number", "text"];
    const { rows, losses } = await rowsOf(traceOf(10_000), { engine, select });
    assert.equal(losses, []);
    assert.is(rows.length, 20_000);
    rows.forEach(({ number, text }, i) => {
      if (number !== i % 10_000 || text !== `stream ${number}`)
        assert.unreachable(`row ${i} is of stream ${number}, with the text ${text}`);
    });
  });
}

test.run();
