/** `tracewire tail` on recorded traces, against babeltrace2's text where it is installed. */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { needs } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { recordedTrace, type TraceName } from "../support/traces.ts";

const test = suite("cli/tail");
const traces = new Map<TraceName, { path: string; remove(): Promise<void> }>();

async function trace(name: TraceName): Promise<string> {
  const known = traces.get(name) ?? (await recordedTrace(name));
  traces.set(name, known);
  return known.path;
}

test.after(async () => {
  for (const unpacked of traces.values()) await unpacked.remove();
});

/** Events, and a digest of all lines, as they were when babeltrace2 2.0.4 agreed with them. */
const KNOWN: readonly (readonly [TraceName, number, string])[] = [
  ["small", 17_202, "896ce233f9ed2c5e"],
  ["churn", 82_770, "b400bc13edb74907"],
  ["lossy", 26_744, "06580d15748e150e"],
  ["filter-lab", 10, "db0a31351cb77f1a"],
];

for (const [name, count, digest] of KNOWN) {
  test(`prints ${name} as it always did`, async () => {
    const { stdout } = run(["tail", await trace(name), "--format", "babeltrace"], { TZ: "UTC" });
    assert.is(stdout.split("\n").length - 1, count);
    assert.is(createHash("sha256").update(stdout).digest("hex").slice(0, 16), digest);
  });

  needs(test, ["babeltrace2"])(`prints ${name} as babeltrace2 does, line by line`, async () => {
    const path = await trace(name);
    const ours = run(["tail", path, "--format", "babeltrace"]).stdout.split("\n");
    const theirs = babeltrace2("--no-delta", path);
    assert.is(ours.length, theirs.length);
    // babeltrace2 2.0.4 prints the text of an earlier event for an empty string; nothing else may differ.
    const different = ours.filter(
      (line, i) => line !== theirs[i] && withoutEmptied(line, theirs[i]!),
    );
    assert.equal(different, []);
  });
}

test("without an order, the same events, each stream in its own order", async () => {
  const path = await trace("small");
  const select = [
    "tail",
    path,
    "--format",
    "csv",
    "--select",
    "timestamp,cpu_id,domain,event,container",
  ];
  const lines = (...args: string[]): string[] =>
    run([...select, ...args])
      .stdout.split("\n")
      .filter((line) => line !== "");
  const [ordered, asTheyCome] = [lines(), lines("--order", "none")];
  assert.equal([...asTheyCome].sort(), [...ordered].sort());
  const streamOf = (line: string): string => line.split(",").slice(1, 3).join();
  // Applications have several streams for each processor.
  for (const stream of ["0,kernel", "1,kernel"]) {
    const own = (of: readonly string[]): string[] => of.filter((line) => streamOf(line) === stream);
    assert.equal(own(asTheyCome), own(ordered), stream);
  }
  const last = run(["tail", path, "--order", "none", "--last", "5"]);
  assert.is(last.status, 1);
  assert.match(last.stderr, /--last: expected events in the order of time/);
});

/** Whether lines still differ once the strings that are empty in ours are emptied in theirs. */
function withoutEmptied(ours: string, theirs: string): boolean {
  const names = [...ours.matchAll(/(\w+) = ""/g)].map((match) => match[1]!);
  const emptied = names.reduce(
    (line, field) => line.replace(new RegExp(`(\\b${field} = )"(?:[^"\\\\]|\\\\.)*"`), '$1""'),
    theirs,
  );
  return names.length === 0 || emptied !== ours;
}

function babeltrace2(...args: string[]): string[] {
  return execFileSync("babeltrace2", args, {
    maxBuffer: 1 << 30,
    stdio: ["ignore", "pipe", "ignore"],
    encoding: "utf8",
  }).split("\n");
}

needs(test, ["babeltrace2"])(
  "prints the time since the event before, as babeltrace2 does by default",
  async () => {
    const path = await trace("small");
    const times = (lines: readonly string[]): string[] =>
      lines.map((line) => line.split(" ", 2).join(" "));
    const ours = run(["tail", path, "--format", "babeltrace", "--delta"]).stdout.split("\n");
    assert.equal(times(ours), times(babeltrace2(path)));
  },
);

needs(test, ["babeltrace2"])("cuts by --begin and --end as babeltrace2 does", async () => {
  const path = await trace("small");
  for (const [begin, end] of [
    ["08:55:46", "08:55:46.5"],
    ["2026-11-22 08:55:47.123456789", "2026-11-22 08:55:48"],
    ["1795337746.25", "1795337746.75"],
  ] as const) {
    const ours = run(["tail", path, "--count", "--begin", begin, "--end", end], {
      TZ: "UTC",
    }).stdout.trim();
    const theirs = execFileSync(
      "babeltrace2",
      ["--no-delta", "--begin", begin, "--end", end, path],
      {
        env: { ...process.env, TZ: "UTC" },
        stdio: ["ignore", "pipe", "ignore"],
        encoding: "utf8",
        maxBuffer: 1 << 28,
      },
    );
    assert.is(Number(ours), theirs.split("\n").length - 1, `${begin} to ${end}`);
  }
});

test("counts what a filter keeps", async () => {
  const path = await trace("small");
  const count = (where: string): number =>
    Number(run(["tail", path, "--count", "--where", where]).stdout);
  assert.is(count("$ctx.pid_ns == 4026532220") + count("$ctx.pid_ns != 4026532220"), 17_202);
  assert.is(count('container_name == "some-redis"'), 6);
});

test("answers a filter with stages as query does", async () => {
  const path = await trace("small");
  const text = "ret < 0 |> count() by event |> sort count desc, event";
  for (const more of [[], ["--format", "csv"], ["--event", "syscall_exit_*"]]) {
    const asked = run(["query", path, text, ...more]);
    assert.ok(asked.stdout.split("\n").length > 3, asked.stderr);
    assert.is(run(["tail", path, "--where", text, ...more]).stdout, asked.stdout);
  }
});

test("stages know no --select, --limit, --count and no number of last events", async () => {
  const path = await trace("small");
  const refused: readonly (readonly [readonly string[], string])[] = [
    [["--select", "event"], "|> select timestamp, event"],
    [["--limit", "5"], "|> limit 5"],
    [["--limit", "0"], "|> limit 0"],
    [["--count"], "|> count()"],
    [["--last", "5"], "a duration such as 5m"],
  ];
  for (const [more, hint] of refused) {
    const { status, stdout, stderr } = run([
      ...["tail", path, "--where", "|> count() by event", ...more],
    ]);
    assert.is(status, 1);
    assert.is(stdout, "");
    assert.ok(stderr.includes(`${more[0]}: expected`) && stderr.includes(hint), stderr);
  }
});

test("a text with |> in it is no stage", async () => {
  const { stdout } = run(["tail", await trace("small"), "-w", 'filename == "*|>*"', "--count"]);
  assert.is(stdout, "0\n");
});

test("query gives the last events of a filter, as tail does", async () => {
  const path = await trace("small");
  const asked = run(["query", path, "ret < 0", "--last", "5"]).stdout;
  assert.is(asked.split("\n").length - 1, 5);
  assert.is(run(["tail", path, "--where", "ret < 0", "--last", "5"]).stdout, asked);
});

test("shows a container's events by its name, whoever writes the lines", async () => {
  const path = await trace("churn");
  const lines = (engine: string): string =>
    run(["tail", path, "--container", "new-gecko", "--engine", engine]).stdout;
  const kernel = lines("kernel");
  assert.is(kernel, lines("interpreter"));
  const rows = kernel.trimEnd().split("\n");
  assert.ok(rows.length > 500);
  assert.ok(rows.every((row) => row.includes(" new-gecko ")));
});

for (const engine of ["kernel", "interpreter"]) {
  test(`counts every event once: ${engine}`, async () => {
    const path = await trace("small");
    assert.is(run(["tail", path, "--count", "--engine", engine]).stdout, "17202\n");
  });
}

test("prints no count for a query that failed", async () => {
  const path = await trace("small");
  const { status, stdout, stderr } = run([
    "tail",
    path,
    "--count",
    "--where",
    "no_such_field == 1",
  ]);
  assert.is(status, 1);
  assert.is(stdout, "");
  assert.match(stderr, "no_such_field");
});

test("gives the same rows as NDJSON, CSV and Arrow, with times exact to the nanosecond", async () => {
  const path = await trace("small");
  const args = [
    "tail",
    path,
    "--event",
    "syscall_*_openat",
    "--select",
    "timestamp,event,cpu_id,procname,pid_ns,filename,ret",
  ];
  const ndjson = run([...args, "--format", "ndjson"])
    .stdout.trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const csv = run([...args, "--format", "csv"])
    .stdout.trim()
    .split("\n");
  const table = tableFromIPC(run([...args, "--format", "arrow"]).stdoutBytes);
  assert.is(csv[0], "timestamp,event,cpu_id,procname,pid_ns,filename,ret");
  assert.is(ndjson.length, csv.length - 1);
  assert.is(table.numRows, ndjson.length);
  assert.is(ndjson[0].timestamp, "2026-11-22T08:55:45.145896646Z");
  const times = table.getChild("timestamp")?.toArray() as BigInt64Array;
  ndjson.forEach((row, i) => {
    const ns =
      BigInt(Date.parse(`${row.timestamp.slice(0, 19)}Z`)) * 1_000_000n +
      BigInt(row.timestamp.slice(20, 29));
    assert.is(times[i], ns);
    assert.is(table.getChild("filename")?.get(i) ?? undefined, row.filename);
    assert.is(table.getChild("procname")?.get(i), row.procname);
    const ret = table.getChild("ret")?.get(i);
    assert.is(ret === null ? undefined : Number(ret), row.ret);
  });
});

test("the default columns are facts, contexts and the payload as JSON", async () => {
  const { stdout } = run(["tail", await trace("small"), "--format", "ndjson", "--limit", "1"]);
  const row = JSON.parse(stdout);
  assert.equal(Object.keys(row).slice(0, 8), [
    "timestamp",
    "event",
    "cpu_id",
    "host",
    "domain",
    "procname",
    "pid",
    "vpid",
  ]);
  assert.is(row.payload.next_comm, "rcu_preempt");
});

test("writes text for reading, in colour only when asked", async () => {
  const path = await trace("small");
  const plain = run(["tail", path, "--limit", "2"], { TZ: "UTC" }).stdout.split("\n");
  assert.is(
    plain[1],
    "08:55:45.116553153 fosdem-host 4026531836 rcu_preempt          15 sched_switch prev_comm=rcu_preempt prev_tid=15 prev_prio=20 prev_state=128 next_comm=master-cheetah. next_tid=1793 next_prio=20",
  );
  assert.match(
    run(["tail", path, "--limit", "2", "--color", "always"], { FORCE_COLOR: "1" }).stdout,
    new RegExp(`${String.fromCharCode(27)}\\[`),
  );
});

test("stops at --limit", async () => {
  assert.is(
    run(["tail", await trace("churn"), "--format", "csv", "--limit", "10"])
      .stdout.trim()
      .split("\n").length,
    11,
  );
});

const ERRORS: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  [
    "a directory that is not there",
    ["tail", "/nowhere"],
    1,
    /^error: \/nowhere: expected a trace directory, got no such file or directory\n$/,
  ],
  [
    "a filter with a slip in its syntax",
    ["tail", "TRACE", "--where", "a == == 1"],
    1,
    /a == == 1\n\s+\^/,
  ],
  [
    "a field that nothing has",
    ["tail", "TRACE", "--where", 'filname == "x"'],
    1,
    /^error: filter: expected .*, got filname \(did you mean filename\?\), at line 1, column 1\nfilname == "x"\n\^~{6}\n$/,
  ],
  [
    "a selected field that nothing has",
    ["tail", "TRACE", "--select", "procnam"],
    1,
    /got procnam; did you mean procname\? There are [0-9]+: /,
  ],
  [
    "a time that is none",
    ["tail", "TRACE", "--begin", "noon"],
    1,
    /^error: time: expected \[YYYY-MM-DD \]HH:MM\[:SS/,
  ],
  [
    "an unknown option",
    ["tail", "TRACE", "--wher", "x"],
    2,
    /unknown option '--wher'\n\(Did you mean --where\?\)/,
  ],
  [
    "an unknown format",
    ["tail", "TRACE", "--format", "xml"],
    2,
    /expected one of text, babeltrace, ndjson, csv, arrow/,
  ],
  ["a limit that is no number", ["tail", "TRACE", "--limit", "ten"], 2, /expected a whole number/],
  ["a missing source", ["tail"], 2, /missing required argument/],
];

for (const [what, args, code, message] of ERRORS) {
  test(`says what is wrong with ${what}`, async () => {
    const path = await trace("small");
    const { status, stderr, stdout } = run(args.map((arg) => (arg === "TRACE" ? path : arg)));
    assert.match(stderr, message);
    assert.is(status, code);
    assert.is(stdout, "");
  });
}

test("says what is wrong with metadata, by line and column", () => {
  const path = mkdtempSync(join(tmpdir(), "tracewire-bad-"));
  try {
    writeFileSync(
      join(path, "metadata"),
      "/* CTF 1.8 */\ntrace {\n\tmajor = 1;\n\tbyte_order = le\n};\n",
    );
    const { status, stderr } = run(["tail", path]);
    assert.match(stderr, /metadata: metadata, line 5, column 1: expected `;`, got }\n};\n\^/);
    assert.is(status, 1);
    writeFileSync(join(path, "metadata"), "no metadata at all");
    assert.match(run(["tail", path]).stderr, /^error: .*metadata/);
  } finally {
    rmSync(path, { recursive: true });
  }
});

test("reads what is whole of a truncated trace, and says what is not", async () => {
  const unpacked = await recordedTrace("small");
  try {
    const { readFileSync } = await import("node:fs");
    const file = join(unpacked.path, "kernel/k_0");
    writeFileSync(file, readFileSync(file).subarray(0, 300_000));
    const { status, stderr, stdout } = run(["tail", unpacked.path, "--count"]);
    assert.match(
      stderr,
      /k_0: .*packet at byte \d+: expected \d+ bytes, got \d+ before the file ends/,
    );
    assert.is(status, 3);
    assert.ok(Number(stdout) > 5000 && Number(stdout) < 17_202);
  } finally {
    await unpacked.remove();
  }
});

test("counts a damaged packet, reports it and goes on with the next", async () => {
  const unpacked = await recordedTrace("small");
  try {
    const { readFileSync } = await import("node:fs");
    const file = join(unpacked.path, "kernel/k_0");
    const bytes = readFileSync(file);
    // The first event header of the second packet names an event class that is not there.
    const second = Number(bytes.readBigUInt64LE(32 + 24)) / 8;
    bytes.writeUInt16LE(0x7fff, second + 84);
    writeFileSync(file, bytes);
    const { status, stderr, stdout } = run(["tail", unpacked.path, "--count"]);
    assert.match(
      stderr,
      /skipped the rest of a packet of .*k_0 at bit 672: event header: expected a declared event class/,
    );
    assert.match(stderr, /lost: 1 packet undecodable/);
    assert.is(status, 3);
    assert.ok(Number(stdout) > 15_000 && Number(stdout) < 17_202);
  } finally {
    await unpacked.remove();
  }
});

test("writes babeltrace2's lines without a time where there is no clock", () => {
  const path = mkdtempSync(join(tmpdir(), "tracewire-clockless-"));
  try {
    writeFileSync(
      join(path, "metadata"),
      'trace { major = 1; minor = 8; byte_order = le; };\nevent { name = "ev"; fields := struct { integer { size = 8; } a; }; };\n',
    );
    writeFileSync(join(path, "stream"), Uint8Array.of(1, 2));
    for (const engine of ["kernel", "interpreter"]) {
      for (const more of [[], ["--delta"]]) {
        const { stdout } = run([
          "tail",
          path,
          "--format",
          "babeltrace",
          "--engine",
          engine,
          ...more,
        ]);
        assert.is(stdout, "ev: { a = 1 }\nev: { a = 2 }\n");
      }
    }
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
});

test.run();
