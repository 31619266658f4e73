/** Live rows whose container has no name yet: which wait, how long, in which order they go on, and what is reported. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Column, ColumnBatch } from "../../src/column/column.ts";
import type { PlannedColumn } from "../../src/column/schema.ts";
import { HOST_PID_NS, type Host } from "../../src/containers/host.ts";
import { Registry } from "../../src/containers/registry.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { Contain } from "../../src/operators/contain/contain.ts";
import { NameWatch } from "../../src/operators/contain/name-watch.ts";
import { IDENTITY_COLUMNS } from "../../src/operators/contain/row-identity.ts";
import type { Emit } from "../../src/operators/operator.ts";

const test = suite("operators/contain");

const NS = 4_026_532_600;
const OTHER = 4_026_532_700;
const BOOT = "6c3e8216-c935-4260-a8db-3c695015c639";

/** Rows as [time in ms, pid namespace]. */
type Rows = readonly (readonly [number, number])[];

function batch(rows: Rows): ColumnBatch {
  const present = { validity: undefined, nullCount: 0 };
  const numbers = (values: number[]): Column => ({
    kind: "number",
    values: Float64Array.from(values),
    ...present,
  });
  const absent: Column = {
    kind: "null",
    validity: new Uint8Array((rows.length + 7) >> 3),
    nullCount: rows.length,
  };
  const boot: Column = {
    kind: "dictionary",
    codes: new Int32Array(rows.length),
    dictionary: { size: 1, text: () => BOOT },
    ...present,
  };
  const time = rows.map(([ms]) => ms);
  const identity = [boot, absent, absent, numbers(rows.map(([, ns]) => ns)), absent, absent];
  const timestamps = BigInt64Array.from(time, (ms) => BigInt(ms) * 1_000_000n);
  return { rows: rows.length, timestamps, columns: [numbers(time), ...identity] };
}

const PLANNED: readonly PlannedColumn[] = ["time", ...IDENTITY_COLUMNS.map(({ kind }) => kind)].map(
  (name) => ({ name, request: { kind: "host" }, type: { kind: "null" }, nullable: true }),
);

/** The operator of a condition, and what it has emitted: rows as `time name`, and the rest in its place. */
function operator(where: string | undefined, waitMs: number) {
  const registry = new Registry(true);
  const host: Host = registry.host(BOOT, "web1");
  const { required, cases } = (where && compileFilter(where).containers) || {
    required: undefined,
    cases: [],
  };
  const watch = required && new NameWatch(required, registry, () => ["web1"], true);
  const emitted: string[] = [];
  let unnamed = 0;
  const out: Emit = {
    batch({ rows, columns: [time, name] }) {
      for (let row = 0; row < rows; row++) {
        if (time?.kind !== "number" || name?.kind !== "dictionary") throw new Error("columns");
        emitted.push(`${time.values[row]} ${name.dictionary.text(name.codes[row]!)}`);
      }
    },
    watermark: (ns) => emitted.push(`watermark ${ns / 1_000_000n}`),
    loss: () => emitted.push("loss"),
    note: (text) => emitted.push(text),
    count: (fact, rows) => {
      if (fact === "unnamed") unnamed += rows;
    },
    cut: () => assert.unreachable("no intervals here"),
    done: () => emitted.push("done"),
  };
  const contain = new Contain(registry, {
    facts: () => [{ fact: "name", name: "container", at: 1 }],
    asked: { required, cases },
    waitMs: () => waitMs,
    watch,
  });
  contain.columns(PLANNED);
  const name = (ms: number, text: string, pidNs: number): void =>
    host.onContainerRecord(BigInt(ms) * 1_000_000n, {
      ...{ name: text, type: "docker", pidNs, mntNs: 5, initPid: pidNs, id: "", image: "" },
      ...{ pod: "", podNamespace: "", initVpid: 1, startNs: undefined, endNs: 0n },
    });
  return {
    contain,
    out,
    emitted,
    name,
    unnamed: () => unnamed,
    rows: (...rows: Rows) => contain.batch(batch(rows), out),
    tick: () => contain.tick(out),
  };
}

const WEB = '$container.name == "web"';
const notes = (emitted: readonly string[]): readonly string[] =>
  emitted.filter((line) => line.includes("container"));
const rest = (emitted: readonly string[]): readonly string[] =>
  emitted.filter((line) => !line.includes("container"));

test("rows of an instance without a name wait for its record, and all of them are delivered", () => {
  const { rows, name, tick, emitted, unnamed } = operator(WEB, 60_000);
  rows([1, NS], [2, HOST_PID_NS]);
  rows([3, NS]);
  tick();
  assert.equal(rest(emitted), []);
  name(4, "web", NS);
  tick();
  assert.equal(rest(emitted), ["1 web", "3 web"]);
  assert.is(unnamed(), 0);
});

test("later rows wait behind them: the order of time stays, for watermarks and losses too", () => {
  const { rows, name, tick, contain, out, emitted } = operator(WEB, 60_000);
  name(0, "web", OTHER);
  rows([1, OTHER]);
  rows([2, NS], [3, OTHER]);
  contain.watermark(3_000_000n, out);
  contain.loss(
    { kind: "missing-packets", stream: undefined as never, count: 1, endNs: 3_000_000n },
    out,
  );
  rows([4, OTHER]);
  assert.equal(rest(emitted), ["1 web"]);
  name(5, "db", NS);
  tick();
  assert.equal(rest(emitted), ["1 web", "3 web", "watermark 3", "loss", "4 web"]);
});

test("rows that no name can make wanted do not wait", () => {
  const { rows, name, tick, emitted } = operator(WEB, 60_000);
  name(0, "db", OTHER);
  rows([1, OTHER], [2, HOST_PID_NS]);
  rows([3, OTHER]);
  name(4, "web", NS);
  rows([5, NS]);
  tick();
  assert.equal(rest(emitted), ["5 web"]);
});

test("rows are given up after a while, counted, and rows of the same instance wait no more", async () => {
  const { rows, tick, emitted, unnamed } = operator(WEB, 20);
  rows([1, NS], [2, NS]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  tick();
  assert.is(unnamed(), 2);
  rows([3, NS]);
  assert.is(unnamed(), 3);
  assert.equal(rest(emitted), []);
});

test("an instance that was given up and gets its name is delivered from then on", async () => {
  const { rows, name, tick, emitted, unnamed } = operator(WEB, 20);
  rows([1, NS]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  tick();
  name(2, "web", NS);
  rows([3, NS]);
  assert.equal(rest(emitted), ["3 web"]);
  assert.is(unnamed(), 1);
});

test("the end of the query gives up what waits", () => {
  const { rows, contain, out, emitted, unnamed } = operator(WEB, 60_000);
  rows([1, NS]);
  contain.end(out);
  assert.is(unnamed(), 1);
  assert.equal(rest(emitted), []);
});

test("what only shows the name waits as well, and goes under its number after a while", async () => {
  const { rows, name, tick, emitted, unnamed } = operator(undefined, 20);
  rows([1, NS], [2, OTHER]);
  name(3, "web", NS);
  tick();
  assert.equal(rest(emitted), ["1 web"]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  tick();
  assert.equal(rest(emitted), ["1 web", `2 pid_ns:${OTHER}`]);
  assert.is(unnamed(), 0);
});

test("a namespace that is asked for by its number needs no name", () => {
  const { rows, emitted } = operator(`$container.name == "pid_ns:${NS}"`, 60_000);
  rows([1, NS]);
  assert.equal(rest(emitted), [`1 pid_ns:${NS}`]);
});

test("what waits is bounded by its bytes: the oldest rows go first", () => {
  const { contain, out, unnamed } = operator(WEB, 60_000);
  const many: Rows = Array.from({ length: 100_000 }, (_, i) => [i, NS] as const);
  for (let i = 0; i < 40; i++) contain.batch(batch(many), out);
  assert.ok(unnamed() >= 100_000, `${unnamed()} rows`);
});

test("batches are borrowed: what waits is a copy", () => {
  const { contain, out, name, tick, emitted } = operator(WEB, 60_000);
  const borrowed = batch([[7, NS]]);
  contain.batch(borrowed, out);
  const [time] = borrowed.columns;
  if (time?.kind === "number") time.values.fill(0 as never);
  name(8, "web", NS);
  tick();
  assert.equal(rest(emitted), ["7 web"]);
});

test("a name that is not there is reported at once with those that are, and when it comes and goes", () => {
  const { contain, out, name, tick, emitted } = operator(WEB, 60_000);
  tick();
  assert.equal(notes(emitted), ["waiting for container web; known: none yet"]);
  name(1, "web-2", OTHER);
  name(1, "db", HOST_PID_NS + 9);
  tick();
  name(2, "web", NS);
  tick();
  assert.equal(notes(emitted).slice(1), ["container web is there (docker on web1)"]);
  contain.end(out);
  const other = operator('$container.name in ("web1", "d*")', 60_000);
  other.name(1, "db", OTHER);
  other.name(1, "wob1", NS);
  other.tick();
  assert.equal(notes(other.emitted), [
    'waiting for container web1; known: db, wob1; did you mean wob1?; there is a host of that name: $trace.hostname == "web1"',
  ]);
});

test("a name that is excluded and not there is reported once; what was there and has gone is not missed", () => {
  const { name, tick, emitted } = operator('!($container.name in ("web", "webb"))', 60_000);
  name(1, "web", NS);
  tick();
  tick();
  assert.equal(notes(emitted), [
    "excludes nothing so far: no container is called webb; known: web; did you mean web?",
  ]);
});

test("what is lost of the state that names come from is reported", () => {
  const { contain, out, emitted } = operator(WEB, 60_000);
  const registry = new Registry(true);
  const own = new Contain(registry, {
    facts: () => [],
    asked: { required: undefined, cases: [] },
    waitMs: () => 0,
  });
  registry.reportGap({ sinceNs: 1_000_000_000n, reason: "1 packet is missing from channel0_1" });
  registry.reportGap({ sinceNs: 2_000_000_000n, reason: "another" });
  own.tick({ ...out });
  assert.equal(emitted, [
    "container names may be missing since 1970-01-01T00:00:01.000000000Z: 1 packet is missing from channel0_1, and 1 more such losses",
  ]);
  own.close();
  contain.close();
});

test.run();
