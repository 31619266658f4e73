/** `tracewire analyze`: numbers against what was counted beside the recordings, LAMI against its readers, plots. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ANALYSES } from "../../src/analyses/analyses.ts";
import { lamiResults } from "../../src/analyses/lami.ts";
import { bar, logLinearBins, plotLines } from "../../src/analyses/plot.ts";
import { tableView } from "../../src/analyses/run-analysis.ts";
import { UnknownTime } from "../../src/analyses/unknown-time.ts";
import { ANALYSIS_NAMES, TOP_VIEWS } from "../../src/cli/program-analyses.ts";
import { LossAccount } from "../../src/feed/losses.ts";
import { VIEWS } from "../../src/top/views.ts";
import { run } from "../support/program.ts";
import { PROJECT, recordedTrace, type TraceName } from "../support/traces.ts";

const test = suite("analyses/analyses");
const traces = new Map<string, Awaited<ReturnType<typeof recordedTrace>>>();
for (const name of ["small", "churn", "lossy", "ctf18"] as const)
  traces.set(name, await recordedTrace(name));
test.after(async () => {
  for (const trace of traces.values()) await trace.remove();
});

function path(name: TraceName): string {
  return traces.get(name)!.path;
}

type Row = Readonly<Record<string, string>>;

function analyzed(name: TraceName, ...args: string[]): readonly Row[] {
  const { stdout, status, stderr } = run(["analyze", path(name), ...args, "--format", "csv"]);
  assert.is(status, 0, stderr);
  return table(stdout, ",");
}

function table(text: string, separator: string): readonly Row[] {
  const [head = "", ...lines] = text.trim().split("\n");
  const names = head.split(separator);
  return lines.map((line) =>
    Object.fromEntries(line.split(separator).map((cell, i) => [names[i]!.trim(), cell.trim()])),
  );
}

function truth(name: string): readonly Row[] {
  return table(readFileSync(join(PROJECT, "test/data/containers", name), "utf8"), "\t");
}

function sumOf(rows: readonly Row[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column] || 0), 0);
}

test("the command line knows the analyses and views that there are", () => {
  assert.equal(
    [...ANALYSIS_NAMES],
    ANALYSES.map(({ name }) => name),
  );
  assert.equal(
    [...TOP_VIEWS],
    VIEWS.map(({ name }) => name),
  );
});

for (const name of ["small", "churn"] as const) {
  test(`${name}: cputop has the processor time of every namespace, within 0.01 point`, () => {
    const wanted = truth(`${name}.cpu.tsv`).filter(({ pid_ns }) => pid_ns !== "idle");
    const rows = analyzed(name, "cputop", "--by", "container");
    assert.is(sumOf(rows, "time"), sumOf(wanted, "cpu_ns"));
    const lami = JSON.parse(run(["analyze", path(name), "cputop", "--format", "lami"]).stdout);
    const { begin, end } = lami.results[0]["time-range"];
    for (const row of rows) {
      const ofContainer = wanted.filter(({ container }) => container === nameOf(row["container"]!));
      if (ofContainer.length === 0) continue;
      const percent = (sumOf(ofContainer, "cpu_ns") * 100) / (end.value - begin.value);
      // A dying task's last slice has no namespace in the truth, and its container here.
      assert.ok(Math.abs(percent - Number(row["usage"])) < 0.2, `${row["container"]} ${percent}`);
    }
    const threads = analyzed(name, "cputop", "--by", "thread");
    assert.is(sumOf(threads, "time"), sumOf(wanted, "cpu_ns"));
    const cpus = analyzed(name, "cputop", "--by", "cpu");
    assert.is(sumOf(cpus, "time"), sumOf(wanted, "cpu_ns"));
  });

  test(`${name}: syscallstats has the calls of every namespace, their time and the longest`, () => {
    const wanted = truth(`${name}.syscalls.tsv`);
    const rows = analyzed(name, "syscallstats");
    assert.is(sumOf(rows, "count"), sumOf(wanted, "matched"));
    assert.is(sumOf(rows, "total"), sumOf(wanted, "total_ns"));
  });
}

function nameOf(container: string): string {
  return container === "[HOST]" ? "(host)" : container;
}

test("lost events are said beside the numbers, and are the exit status", () => {
  const { stderr, status, stdout } = run(["analyze", path("lossy"), "cputop", "--by", "container"]);
  assert.is(status, 3);
  assert.match(
    stderr,
    /warning: lost: \d+ events discarded by the tracer; the numbers are .*too small/,
  );
  assert.match(stderr, /\d+ cut short by a loss/);
  assert.match(stdout, /CPU usage per container\n/);
});

test("a usage has the most that it can have been, also in LAMI, and in windows", () => {
  const args = ["analyze", path("lossy"), "cputop", "--format"];
  const cpus = table(run([...args, "csv", "--by", "cpu"]).stdout, ",");
  for (const { usage, usage_most } of cpus) {
    assert.ok(Number(usage) < Number(usage_most) && Number(usage_most) <= 100);
  }
  const { stdout, stderr } = run([...args, "csv", "--by", "container"]);
  assert.match(stderr, /what ran is unknown for \S+ s, \d+ % of the time on 2 processors/);
  // All that is unknown may be of any container.
  const more = table(stdout, ",").map((row) => Number(row["usage_most"]) - Number(row["usage"]));
  const unknown = sumOf(cpus, "usage_most") - sumOf(cpus, "usage");
  for (const one of more) assert.ok(Math.abs(one - unknown) < 0.001, `${one} ${unknown}`);
  for (const row of table(run([...args, "csv", "--by", "cpu", "--every", "500ms"]).stdout, ","))
    assert.ok(Number(row["usage"]) <= Number(row["usage_most"]));
  for (const row of analyzed("churn", "cputop")) assert.is(row["usage"], row["usage_most"]);
  const { results } = JSON.parse(run([...args, "lami"]).stdout);
  const [{ data, class: name }] = results;
  assert.is(name, "per-container");
  const [usage, most] = data[0].filter((cell: { class?: string }) => cell.class === "ratio");
  assert.ok(usage.value < most.value);
});

test("windows that a trace covers in part are of that part: all of their processors are theirs", () => {
  const args = ["analyze", path("small"), "cputop", "--by", "cpu", "--every", "4s"];
  const rows = analyzed("small", "cputop", "--by", "cpu", "--every", "4s");
  const usages = rows.map(({ usage }) => Number(usage));
  // Of the whole trace both have more than 97 %; it lasts 5.9 s.
  for (const usage of usages) assert.ok(usage > 90 && usage <= 100, String(usages));
  const all = /^Timerange: \[(.+), (.+)\]/.exec(run(args).stdout)!;
  assert.match(run(args).stdout, `per cpu, [${all[1]}, `);
  const { results } = JSON.parse(run([...args, "--format", "lami"]).stdout);
  const [first, last] = [results[0], results.at(-1)].map((result) => result["time-range"]);
  assert.ok(first.begin.value % 4e9 !== 0 && last.end.value % 4e9 !== 0);
});

test("a limit is of each window, in formats for programs, too", () => {
  const rows = analyzed("small", "cputop", "--by", "container", "--every", "2s", "--limit", "2");
  const windows = new Set(rows.map(({ window }) => window));
  assert.ok(windows.size >= 3);
  for (const one of windows) assert.is(rows.filter(({ window }) => window === one).length, 2);
});

test("what ran is unknown from the last switch before a loss to the first one after", () => {
  const unknown = new UnknownTime({ firstNs: 0n, lastNs: 1000n });
  unknown.switched(0, 100n);
  unknown.switched(0, 200n);
  unknown.switched(1, 250n);
  unknown.lost();
  unknown.lost();
  // One that was not seen before the loss may have run anything from the beginning on.
  unknown.switched(2, 300n);
  unknown.switched(0, 400n);
  unknown.lost();
  unknown.switched(0, 600n);
  unknown.switched(0, 700n);
  unknown.end();
  assert.is(unknown.cpus, 3);
  const all = [0, 1, 2].map((cpu) => unknown.between(0n, 1000n, cpu));
  assert.equal(all, [400, 750, 700 + 300]);
  assert.is(unknown.between(0n, 1000n), 400 + 750 + 1000);
  assert.is(unknown.between(300n, 500n, 0), 200);
  assert.is(unknown.between(600n, 700n, 0), 0);
});

test("a trace without the events of an analysis says so", () => {
  const { stdout, status } = run(["analyze", path("ctf18"), "memtop", "--by", "container"]);
  assert.is(status, 0);
  assert.match(stdout, /nothing: the trace has no events that this reads/);
});

test("containers, windows and filters narrow it", () => {
  const rows = analyzed("small", "syscallstats", "--container", "some-redis", "--every", "2s");
  assert.equal([...new Set(rows.map(({ container }) => container))], ["some-redis"]);
  assert.ok(new Set(rows.map(({ window }) => window)).size >= 3);
  const failed = analyzed("small", "syscallstats", "--where", "ret < 0");
  assert.is(sumOf(failed, "count"), sumOf(failed, "failed"));
});

for (const [args, message] of [
  [["cputpo"], /expected an analysis, one of cputop, .* got cputpo; did you mean cputop/],
  [["irqstats", "--by", "process"], /--by: irqstats is by cpu, got process/],
] as const) {
  test(`${args.join(" ")} is refused`, () => {
    const { status, stderr } = run(["analyze", path("small"), ...args]);
    assert.is(status, 1);
    assert.match(stderr, message);
  });
}

// --- LAMI

/** What Trace Compass makes of a value, by its class: the members that it reads. */
const LAMI_MEMBERS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  string: [["value", "string"]],
  number: [["value", "number"]],
  ratio: [["value", "number"]],
  duration: [["value", "number"]],
  size: [["value", "number"]],
  process: [["name", "string"]],
  cpu: [["id", "number"]],
  syscall: [["name", "string"]],
  disk: [["name", "string"]],
  irq: [
    ["hard", "boolean"],
    ["nr", "number"],
    ["name", "string"],
  ],
  unknown: [],
};

for (const { name, possible } of ANALYSES) {
  test(`${name} is LAMI 1.0, as its readers take it`, () => {
    assert.is(run(["--mi-version"]).stdout, "1.0\n", "Trace Compass asks without a command");
    assert.is(run(["analyze", name, "--mi-version"]).stdout, "1.0\n");
    const metadata = JSON.parse(run(["analyze", name, "--metadata"]).stdout);
    assert.equal(metadata["mi-version"], { major: 1, minor: 0 });
    assert.type(metadata.title, "string");
    const classes = metadata["table-classes"];
    assert.equal(
      Object.keys(classes),
      possible.map((subject) => `per-${subject}`),
    );
    const range = ["--begin", "1795337746000000000", "--end", "1795337749000000000"];
    const { stdout } = run([
      "analyze",
      name,
      "--format",
      "lami",
      "--output-progress",
      ...range,
      path("small"),
    ]);
    const { results } = JSON.parse(stdout);
    for (const result of results) {
      const { "column-descriptions": columns } = classes[result.class];
      assert.is(result["time-range"].class, "time-range");
      assert.match(stdout, /"begin":\{"class":"timestamp","value":17953377\d{11}\}/);
      for (const row of result.data) {
        assert.is(row.length, columns.length, "a value for each column");
        row.forEach((value: Record<string, unknown>, i: number) => {
          const kind = String(value["class"]);
          assert.ok(
            kind === columns[i].class || kind === "unknown",
            `${kind} as ${columns[i].class}`,
          );
          for (const [member, type] of LAMI_MEMBERS[kind]!) assert.is(typeof value[member], type);
        });
      }
    }
  });
}

test("an interrupt is its kind, number and name to LAMI", () => {
  const analysis = ANALYSES.find(({ name }) => name === "irqstats")!;
  const view = tableView(analysis, "cpu");
  const rows = [
    { cpu_id: 1, kind: "irq", irq: 27, name: "virtio0-input.0" },
    { cpu_id: 0, kind: "softirq", irq: 3, name: "net_rx" },
  ].map((keys, i) => ({
    keys: view.keys.map((key) => (keys as Record<string, string | number>)[key] ?? null),
    // The first has most, and comes first.
    cells: view.columns.map(() => 2 - i),
  }));
  const window = { startNs: 0n, lostEvents: 0, rows: new Map(rows.map((row, i) => [`${i}`, row])) };
  const result = {
    tables: [{ subject: "cpu", view, windows: [window] }],
    losses: new LossAccount(),
    notes: [],
    unpaired: 0,
    interrupted: 0,
  } as const;
  const { results } = lamiResults(result, undefined, undefined, undefined) as {
    results: readonly { data: readonly (readonly unknown[])[] }[];
  };
  assert.equal(
    results[0]!.data.map(([, interrupt]) => interrupt),
    [
      { class: "irq", hard: true, nr: 27, name: "virtio0-input.0" },
      { class: "irq", hard: false, nr: 3, name: "net_rx" },
    ],
  );
});

test("LAMI's readers get results of a trace with losses, and a reason where nothing fits", () => {
  // Trace Compass takes no other status (ProcessUtils), and silence as an answer that all is well (LamiAnalysis).
  const lossy = run(["analyze", "cputop", "--format", "lami", path("lossy")]);
  assert.is(lossy.status, 0, lossy.stderr);
  assert.match(lossy.stderr, /39853 events discarded/);
  assert.is(JSON.parse(lossy.stdout).results.length, 4);
  const asked = ["--format", "lami", "--test-compatibility", path("small")];
  assert.is(run(["analyze", "cputop", ...asked]).stdout, "");
  const { "error-message": reason } = JSON.parse(run(["analyze", "memtop", ...asked]).stdout);
  assert.match(reason, /no events that memtop reads/);
});

// --- plots

test("bars are as long as their share, and never nothing for something", () => {
  const blocks = { width: 10, isAscii: false };
  assert.is(bar(1, blocks), "█".repeat(10));
  assert.is(bar(0.55, blocks), "█████▌");
  assert.is(bar(0.0001, blocks), "▏");
  assert.is(bar(0, blocks), "");
  assert.is(bar(0.0001, { width: 10, isAscii: true }), "#");
});

test("a distribution has log-linear bins without holes", () => {
  const bins = logLinearBins({
    name: "x",
    buckets: [
      [0, 1, 1],
      [3, 2, 4],
      [40, 5, 41],
      [5000, 1, 5100],
    ],
  });
  assert.equal(
    bins.map(({ from, to, count }) => `${from}-${to}:${count}`),
    [
      "0-1:1",
      "1-2:0",
      "2-5:2",
      "5-10:0",
      "10-20:0",
      "20-50:5",
      "50-100:0",
      "100-200:0",
      "200-500:0",
      "500-1000:0",
      "1000-2000:0",
      "2000-5000:0",
      "5000-10000:1",
    ],
  );
  const lines = plotLines(
    {
      name: "x",
      buckets: [
        [1, 2, 2],
        [2, 4, 3],
      ],
    },
    String,
    { width: 4, isAscii: true },
  );
  assert.equal(lines, ["      1 …       2  ##    2", "      2 …       5  ####  4"]);
});

test("text is as lttng-analyses draws it", () => {
  const { stdout } = run(["analyze", path("small"), "cputop", "--limit", "3"]);
  assert.match(
    stdout,
    /^Timerange: \[2026-11-22 08:55:45\.115442425Z, 2026-11-22 08:55:50\.969587808Z\]\n/,
  );
  assert.match(stdout, /^█+ +65\.54 % .* some-redis \(4026532220\) +docker$/m);
  assert.match(stdout, /^… and \d+ more: --limit \d+$/m);
  assert.match(stdout, /^Total CPU usage: \d+\.\d\d %$/m);
  const plot = run(["analyze", path("small"), "syscallstats", "--freq", "--ascii"]).stdout;
  assert.match(
    plot,
    /^System calls, distribution: some-redis\n(?: +\d+ \w+ … +\d+ \w+ {2}#* +\d+\n)+/m,
  );
});

test.run();
