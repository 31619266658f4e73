/** Times as users write them: babeltrace2's forms, all that is printed, relative ones, and what they mean for a trace. */

process.env["TZ"] = "Europe/Berlin";

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isoText } from "../../src/base/time.ts";
import {
  parseShift,
  parseTimeBound,
  resolveTime,
  type TimeFrame,
} from "../../src/source/time-bound.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import { Bytes, event, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("source/time-bound");
const folders = new Folders();
test.after(() => folders.removeAll());

const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;
const frame: TimeFrame = {
  firstNs: at("2026-07-01T22:30:00Z"),
  lastNs: at("2026-07-02T10:00:00Z") + 5n,
};

/** What is written, and what it means as a begin in summer time, two hours east of Greenwich; as an end, where it differs. */
const CASES: readonly (readonly [string, string, string?])[] = [
  ["2026-11-22T08:55:45.115442425Z", "2026-11-22T08:55:45.115442425Z"],
  ["2026-11-22 08:55:45.1+01:00", "2026-11-22T07:55:45.100000000Z"],
  ["2026-11-22t08:55:45-0330", "2026-11-22T12:25:45.000000000Z"],
  ["2026-11-22 08:55+02", "2026-11-22T06:55:00.000000000Z"],
  ["2026-11-22 08:55:45", "2026-11-22T07:55:45.000000000Z"],
  ["2026-07-01 08:55:45,5", "2026-07-01T06:55:45.500000000Z"],
  ["2026-11-22 08:55", "2026-11-22T07:55:00.000000000Z"],
  ["2026-11-22", "2026-11-21T23:00:00.000000000Z", "2026-11-22T22:59:59.999999999Z"],
  ["[08:55:45.000000001]", "2026-07-02T06:55:45.000000001Z"],
  ["08:55", "2026-07-02T06:55:00.000000000Z"],
  ["08:55Z", "2026-07-01T08:55:00.000000000Z"],
  ["01:00+02:00", "2026-07-01T23:00:00.000000000Z"],
  ["1700000000", "2023-11-14T22:13:20.000000000Z"],
  ["1700000000.25", "2023-11-14T22:13:20.250000000Z"],
  ["1700000000123456789", "2023-11-14T22:13:20.123456789Z"],
  ["-1.5", "1969-12-31T23:59:58.500000000Z"],
  ["0", "1970-01-01T00:00:00.000000000Z"],
  ["+1s", "2026-07-01T22:30:01.000000000Z"],
  ["+1.5ms", "2026-07-01T22:30:00.001500000Z"],
  ["-5m", "2026-07-02T09:55:00.000000005Z"],
  ["-1d", "2026-07-01T10:00:00.000000005Z"],
];

for (const [text, begin, end = begin] of CASES) {
  test(`${text} is ${begin}`, () => {
    const bound = parseTimeBound(text);
    assert.is(isoText(resolveTime(bound, frame, "begin")!), begin);
    assert.is(isoText(resolveTime(bound, frame, "end")!), end);
  });
}

test("with --utc, times without a zone are UTC", () => {
  for (const [text, expected] of [
    ["2026-11-22 08:55", "2026-11-22T08:55:00.000000000Z"],
    ["2026-11-22", "2026-11-22T00:00:00.000000000Z"],
    ["23:00", "2026-07-01T23:00:00.000000000Z"],
    ["23:00+01:00", "2026-07-01T22:00:00.000000000Z"],
  ] as const)
    assert.is(isoText(resolveTime(parseTimeBound(text, true), frame, "begin")!), expected);
});

test("now, and live relative times, are those of the clock", () => {
  const now = BigInt(Date.now()) * 1_000_000n;
  const isNear = (text: string, offsetNs: bigint, isLive: boolean): void => {
    const ns = resolveTime(parseTimeBound(text), isLive ? {} : frame, "begin", isLive)!;
    const off = ns - now - offsetNs;
    assert.ok(off >= 0n && off < 60_000_000_000n, `${text}: ${off}`);
  };
  isNear("now", 0n, false);
  isNear("now-1h", -3_600_000_000_000n, false);
  isNear("NOW + 2min", 120_000_000_000n, false);
  isNear("-5m", -300_000_000_000n, true);
  isNear("+5s", 5_000_000_000n, true);
});

test("a trace without times has no begin or end that others are relative to", () => {
  assert.throws(() => resolveTime(parseTimeBound("-5m"), {}, "begin"), /begin: expected a trace/);
  assert.throws(() => resolveTime(parseTimeBound("+5m"), {}, "end"), /end: expected a trace/);
});

for (const text of [
  ...["", "noon", "24:00", "08:60", "8:00", "2026-13-01", "2026-02-30", "2026-11-2208:55", "5x"],
  ...["123456789012", "1e9", "--5m", "+", "now5", "2026-11-22 08:55 CET", "08:55:45.1234567890"],
  ...["99999999999999999999"],
]) {
  test(`${JSON.stringify(text)} is no time`, () => {
    assert.throws(
      () => parseTimeBound(text),
      (error: Error) => error.message.endsWith(`got ${text}`),
    );
  });
}

test("clock offsets are seconds or durations", () => {
  const shifts = ["-2h", "3600", "+500ms", "1ns", "-0.5", "+1.5s"].map(parseShift);
  assert.equal(shifts, [
    ...[-7_200_000_000_000n, 3_600_000_000_000n, 500_000_000n, 1n, -500_000_000n, 1_500_000_000n],
  ]);
  assert.equal(["", "x", "5x", "now"].map(parseShift), [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

/** Ten events, 12 hours from each other, from 2001-09-09T01:46:40Z on. */
const HALF_DAY = 43_200_000_000_000n;
const times = Array.from({ length: 10 }, (_, n) => BigInt(n) * HALF_DAY);
const records = times.map((time, n) => record(0, time, new Bytes().u8(n).take()));
const trace = folders.make({
  metadata: `${PREAMBLE}${STREAM}${event(0, "tick", "u8 _n;")}`,
  stream: packet(joined(...records), { begin: 0n, end: times.at(-1)! }),
});

function kept(...options: string[]): number[] {
  const { stdout, stderr, status } = run(
    ["tail", trace, "--select", "n", "--format", "csv", ...options],
    { TZ: "Europe/Berlin" },
  );
  assert.is(status, 0, stderr);
  return stdout.trim().split("\n").slice(1).map(Number);
}

for (const [options, expected] of [
  [
    ["--begin", "+4d"],
    [8, 9],
  ],
  [
    ["--since", "-12h"],
    [8, 9],
  ],
  [
    ["--until", "+1d"],
    [0, 1, 2],
  ],
  [
    ["--begin", "2001-09-10", "--end", "2001-09-11"],
    [2, 3, 4, 5],
  ],
  [
    ["--last", "3"],
    [7, 8, 9],
  ],
  [["--last", "0"], []],
  [
    ["--last", "100"],
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  ],
  [
    ["--last", "1d"],
    [7, 8, 9],
  ],
  [
    ["--last", "2", "--until", "+1d"],
    [1, 2],
  ],
  [
    ["--clock-offset", "-12h", "--end", "2001-09-09T01:46:40Z"],
    [0, 1],
  ],
  [["--clock-offset", "0.5", "--begin", "2001-09-13T13:46:40.5Z"], [9]],
] as const) {
  test(`tail ${options.join(" ")}`, () => assert.equal(kept(...options), expected));
}

test("every time that is printed is accepted, and selects its event", () => {
  const printed = (format: string, ...options: string[]): string[] => {
    const args = ["tail", trace, "--format", format, "--end", "+1d", ...options];
    return run(args, { TZ: "Europe/Berlin" }).stdout.trim().split("\n");
  };
  const all = [
    ...printed("ndjson").map((line) => JSON.parse(line).timestamp),
    ...printed("babeltrace", "--date").map((line) => line.slice(0, line.indexOf("]") + 1)),
    ...printed("text").map((line) => line.slice(0, 29)),
  ];
  assert.is(all.length, 9);
  for (const [i, time] of all.entries())
    assert.equal(kept("--begin", time, "--end", time), [i % 3], time);
});

test("text shows dates where a trace spans days, and UTC if wanted", () => {
  const first = (...options: string[]): string =>
    run(["tail", trace, "-n", "1", ...options], { TZ: "Europe/Berlin" }).stdout;
  assert.match(first(), /^2001-09-09 03:46:40\.000000000 /);
  assert.match(first("--utc"), /^2001-09-09 01:46:40\.000000000 /);
  assert.match(first("--utc", "--format", "babeltrace"), /^\[01:46:40\.000000000\] tick/);
  assert.match(
    first("--date", "--format", "babeltrace"),
    /^\[2001-09-09 03:46:40\.000000000\] tick/,
  );
});

test("--last says what it takes", () => {
  const { stderr, status } = run(["tail", trace, "--last", "5x"]);
  assert.is(status, 1);
  assert.match(
    stderr,
    /^error: --last: expected a number of events or a duration such as 5m, got 5x/,
  );
});

test.run();
