/** Lists and exclusions of events and containers, and what is said where one matches nothing. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isSelected } from "../../src/base/glob.ts";
import { splitNames } from "../../src/base/text.ts";
import { holds, namedBy } from "../../src/filter/container-condition.ts";
import { EventNames } from "../../src/query/event-names.ts";
import { Folders } from "../support/folder.ts";
import { run } from "../support/program.ts";
import {
  Bytes,
  event,
  joined,
  PREAMBLE,
  packet,
  record,
  STREAM,
  traceClassOf,
} from "../support/tsdl.ts";

const test = suite("query/event-names");
const folders = new Folders();
test.after(() => folders.removeAll());

const NAMES = ["sched_switch", "sched_wakeup", "syscall_entry_read", "syscall_exit_read"];
const metadataOf = (names: readonly string[]): string =>
  `${PREAMBLE}${STREAM}${names.map((name, id) => event(id, name, "u8 _n;")).join("")}`;
const records = NAMES.map((_, id) => record(id, BigInt(id), new Bytes().u8(id).take()));
const trace = folders.make({
  metadata: metadataOf(NAMES),
  stream: packet(joined(...records), { end: 9n }),
});

const SELECTIONS: readonly (readonly [readonly string[], readonly number[]])[] = [
  [[], [0, 1, 2, 3]],
  [["sched_switch,syscall_exit_read"], [0, 3]],
  [
    ["sched_*", "syscall_entry_*"],
    [0, 1, 2],
  ],
  [["!sched_*"], [2, 3]],
  [["!sched_*,!*_exit_*"], [2]],
  [["sched_*,!*_wakeup"], [0]],
  [["!*_wakeup", "sched_*"], [0]],
  [["*", "!*"], []],
];

for (const [globs, expected] of SELECTIONS) {
  for (const engine of ["kernel", "interpreter"]) {
    test(`${engine}: --event ${globs.join(" --event ")}`, () => {
      const options = globs.flatMap((glob) => ["--event", glob]);
      const { stdout } = run([
        ...["tail", trace, "--select", "n", "--format", "csv", "--engine", engine],
        ...options,
      ]);
      assert.equal(stdout.trim().split("\n").slice(1).map(Number), expected);
      const lines = NAMES.filter((name) => isSelected(splitNames(globs.join()), name));
      assert.is(globs.length === 0 ? 4 : lines.length, expected.length);
    });
  }
}

const NOTES: readonly (readonly [string, string])[] = [
  [
    "sched_swich",
    "event: no event class is called sched_swich; did you mean sched_switch? There are: ",
  ],
  [
    "read",
    "no event class is called read; did you mean syscall_exit_read or syscall_entry_read? There are: ",
  ],
  [
    "nothing*,sched_switch",
    "no event class is called nothing*; there are: sched_switch, sched_wakeup, syscall_entry_read, syscall_exit_read\n",
  ],
  [
    "!sched_wakup",
    "excludes nothing: no event class is called sched_wakup; did you mean sched_wakeup?",
  ],
];

for (const [glob, note] of NOTES) {
  test(`--event ${glob} says what there is`, () => {
    const { stderr, status } = run(["tail", trace, "--event", glob, "--count"]);
    assert.is(status, 0);
    assert.ok(stderr.includes(note), stderr);
  });
}

test("an unknown column is refused with the nearest name and what there is", () => {
  const { stderr, status } = run(["tail", trace, "--select", "timestmp"]);
  assert.is(status, 1);
  assert.match(stderr, /got timestmp; did you mean timestamp\? There are: cpu_id, domain, event, /);
});

test("live, an event that is declared later is reported once", () => {
  const names = new EventNames(["sched_*", "late_*", "!other"], true);
  const before = traceClassOf(metadataOf(["sched_switch"]));
  const after = traceClassOf(metadataOf(["sched_switch", "late_one"]));
  assert.equal(names.notes([before]), [
    "event: no event class is called late_* so far; there are: sched_switch",
    "event: excludes nothing: no event class is called other so far; there are: sched_switch",
  ]);
  assert.equal(names.notes([before]), []);
  assert.equal(names.notes([after]), ["event: late_* is declared now"]);
  assert.equal(names.notes([after]), []);
});

test("containers by lists and exclusions", () => {
  const kept = (names: readonly string[]): string[] =>
    ["web-1", "web-2", "db", "[HOST]"].filter((name) =>
      holds(namedBy(names)!, { name, type: "docker", id: "" }),
    );
  assert.equal(kept(["web-1", "db"]), ["web-1", "db"]);
  assert.equal(kept(["!web-*"]), ["db", "[HOST]"]);
  assert.equal(kept(["web-*", "!web-2"]), ["web-1"]);
  assert.equal(kept(["!web-*", "![HOST]"]), ["db"]);
  assert.is(namedBy([]), undefined);
});

test("names between backquotes may hold commas; empty ones stay, to be refused", () => {
  assert.equal(splitNames(" a , `b,c`.d,e"), ["a", "`b,c`.d", "e"]);
  assert.equal(splitNames("a,,b,"), ["a", "", "b", ""]);
});

test("a table says which of its events no class has, once rows need them", () => {
  // As CSV: for people, a line says besides that there are no rows.
  const ask = (query: string, of: string = trace): string =>
    run(["query", of, query, "--format", "csv"]).stderr;
  assert.is(ask("|> syscalls"), "");
  assert.is(ask("|> wakeups"), "");
  assert.is(ask("|> io"), "io: no event class is called block_rq_issue or block_rq_complete\n");
  assert.is(
    ask('|> pair "sched_switch" then "sched_nothing"'),
    "pair: no event class is called sched_nothing\n",
  );
  const silent = folders.make({ metadata: metadataOf(["sched_switch", "syscall_exit_read"]) });
  const said = ["wakeups", "syscalls"].map((table) => ask(`|> ${table}`, silent));
  assert.equal(said, [
    "wakeups: no event class is called sched_waking, sched_wakeup or sched_wakeup_new\n",
    "syscalls: no event class is called syscall_entry_* or compat_syscall_entry_*\n",
  ]);
});

test.run();
