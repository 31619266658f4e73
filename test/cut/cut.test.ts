/** A cut of a trace has the records that pass and no others, in packets that every reader takes. */

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { TraceError } from "../../src/base/errors.ts";
import { openRecorded } from "../../src/ctf/recorded.ts";
import { cutTraces } from "../../src/cut/cut.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { Folders } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { type Result, rowsOf, type Spec } from "../support/query.ts";
import { random } from "../support/random.ts";
import { randomCtf2 } from "../support/random-ctf2.ts";
import { randomFilter, randomPacket, randomTrace } from "../support/random-trace.ts";
import { MAIN, projectTraces } from "../support/traces.ts";
import { Bytes, joined, PREAMBLE, packet, record, STREAM } from "../support/tsdl.ts";

const test = suite("cut/cut");

/** `LONG=20 npm test` makes twenty times as many random traces. */
const FACTOR = Number(process.env["LONG"] ?? 1);
const folders = new Folders();
const project = projectTraces(test);
test.after(() => folders.removeAll());

interface How {
  readonly where?: string | undefined;
  readonly events?: readonly string[];
  readonly alwaysKept?: readonly string[];
  readonly isStopped?: () => boolean;
  readonly classes?: "occurring" | "all";
  readonly uuid?: () => Uint8Array;
}

/** Cuts a trace into a new folder; gives that. */
async function cut(source: string, how: How = {}): Promise<string> {
  const to = join(folders.make(), "cut");
  await cutTraces({
    opened: await openRecorded([source]),
    sources: [source],
    to,
    scan: {
      filter: how.where === undefined ? undefined : compileFilter(how.where),
      events: how.events ?? [],
      columns: [],
      countsOnly: true,
      begin: undefined,
      end: undefined,
    },
    alwaysKept: how.alwaysKept ?? [],
    isStopped: how.isStopped ?? (() => false),
    onLoss: () => {},
    classes: how.classes,
    uuid: how.uuid,
  });
  return to;
}

function rows(directory: string, { where, events = [] }: How = {}): Promise<Result> {
  const spec: Spec = { events, engine: "interpreter", order: "time" };
  return rowsOf(directory, {
    ...spec,
    ...(where !== undefined && { filter: compileFilter(where) }),
  });
}

/** The files below a folder with what they hold, by their paths. */
function contents(folder: string): Readonly<Record<string, string>> {
  const paths = readdirSync(folder, { recursive: true }).map(String).sort();
  return Object.fromEntries(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path)).toString("base64")]),
  );
}

const CASES: readonly How[] = [
  {},
  { where: '$event.name == "*exit*" || $event.name == "*tick*"' },
  { events: ["sched_*", "lab:*"] },
  { where: "$event.cpu_id == 1" },
  { where: "1 == 2" },
];

for (const name of ["small", "lossy", "ctf18", "ctf2", "filter-lab"] as const) {
  test(`${name}: the cut is what passes, and a cut of the cut is the same`, async () => {
    const source = await project(name);
    for (const how of CASES) {
      const once = await cut(source, how);
      assert.equal((await rows(once, how)).rows, (await rows(source, how)).rows);
      assert.equal((await rows(once)).rows.length, (await rows(source, how)).rows.length);
      assert.equal(contents(await cut(once, how)), contents(once));
    }
  });
}

needs(test, ["babeltrace2"])(
  "babeltrace2 prints of a cut what it prints of the original",
  async () => {
    for (const name of ["small", "ctf18"] as const) {
      const source = await project(name);
      let made = 0;
      const uuid = (): Uint8Array => new Uint8Array(16).fill(++made);
      const print = (folder: string): string =>
        spawnSync("babeltrace2", ["--no-delta", folder], { encoding: "utf8", maxBuffer: 1 << 28 })
          .stdout;
      assert.ok(print(await cut(source)) === print(source), name);
      const anew = await cut(source, { classes: "occurring", uuid });
      assert.ok(print(anew) === print(source), `${name}, metadata anew`);
    }
  },
);

test("what was discarded is carried over, also where no record of a packet is kept", async () => {
  const source = await project("lossy");
  const counts = (result: Result): number =>
    result.losses.reduce((sum, loss) => sum + ("count" in loss ? loss.count : 0), 0);
  const lost = counts(await rows(source));
  assert.ok(lost > 0);
  for (const how of CASES) assert.is(counts(await rows(await cut(source, how))), lost);
});

for (const [format, make] of [
  ["CTF 1.8", randomTrace],
  ["CTF 2", randomCtf2],
] as const) {
  test(`random trace classes of ${format}: whatever is aligned to what`, async () => {
    const next = random(`cut of ${format}`);
    let kept = 0;
    for (let round = 0; round < 100 * FACTOR; round++) {
      const trace = make(next);
      const packets = Array.from({ length: 4 }, () => randomPacket(next));
      const source = folders.make({ metadata: trace.text, data: joined(...packets) });
      for (const where of [undefined, randomFilter(trace, next)]) {
        const how = { where, classes: next(2) === 0 ? "all" : "occurring" } as const;
        let expected: Result;
        try {
          expected = await rows(source, how);
        } catch (error) {
          // The filter asks for what is not there.
          if (error instanceof TraceError) continue;
          throw error;
        }
        let once: string;
        try {
          once = await cut(source, how);
        } catch (error) {
          if (error instanceof TraceError && error.code === "CUT_BYTE_ORDER") continue;
          throw error;
        }
        const got = await rows(once);
        // Random times go back, so that packets may come in another order.
        const inOrder = ({ rows }: Result): string[] =>
          rows
            .map((row) =>
              JSON.stringify(row, (_, value: unknown) =>
                typeof value === "bigint" ? `${value}` : value,
              ),
            )
            .sort();
        assert.equal(inOrder(got), inOrder(expected), `round ${round}, ${where}\n${trace.text}`);
        kept += got.rows.length;
      }
    }
    assert.ok(kept > 100 * FACTOR, `${kept} records`);
  });
}

test("times of which records hold the lowest bits only are right without the records before", async () => {
  const text = `${PREAMBLE}${STREAM.replace(/event\.header := struct \{[^}]*\}/, "event.header := struct { u16 id; integer { size = 8; map = clock.monotonic.value; } timestamp; }")}
event { name = "a"; id = 0; stream_id = 0; fields := struct { u8 n; }; };\n`;
  // Every record is 200 cycles behind the one before.
  const records = Array.from({ length: 10 }, (_, n) => Uint8Array.of(0, 0, (200 * n) & 0xff, n));
  const source = folders.make({
    metadata: text,
    data: packet(joined(...records), { begin: 0n, end: 2000n }),
  });
  const how = { where: "n == 3 || n == 9" };
  const once = await cut(source, how);
  const { rows: got } = await rows(once);
  assert.equal(got, (await rows(source, how)).rows);
  assert.is(got.length, 2);
  assert.equal(contents(await cut(once, how)), contents(once));
});

test("a cut of a cut is the same where a packet's records go on behind the begin of the next", async () => {
  const text = `${PREAMBLE}${STREAM.replace(/event\.header := struct \{[^}]*\}/, "event.header := struct { u16 id; integer { size = 8; map = clock.monotonic.value; } timestamp; }")}
event { name = "a"; id = 0; stream_id = 0; fields := struct { u8 n; }; };\n`;
  const records = Array.from({ length: 10 }, (_, n) => Uint8Array.of(0, 0, (200 * n) & 0xff, n));
  const source = folders.make({
    metadata: text,
    data: joined(
      packet(joined(...records), { begin: 0n, end: 1000n }),
      packet(Uint8Array.of(0, 0, 1100 & 0xff, 10), {
        begin: 1001n,
        end: 1200n,
        sequenceNumber: 1n,
      }),
    ),
  });
  const how = { where: "n >= 9" };
  const once = await cut(source, how);
  assert.is((await rows(once)).rows.length, 2);
  assert.equal(contents(await cut(once, how)), contents(once));
});

test("times are right where the record that was earlier than its packet's begin is left out", async () => {
  const header =
    "event.header := struct { enum : u8 { compact = 0, extended = 1 } id; variant <id> { struct { u8 id; integer { size = 8; map = clock.monotonic.value; } timestamp; } compact; struct { u8 id; time64 timestamp; } extended; } v; }";
  const text = `${PREAMBLE}${STREAM.replace(/event\.header := struct \{[^}]*\}/, header)}
event { name = "a"; id = 0; stream_id = 0; fields := struct { u8 n; }; };\n`;
  const early = new Bytes().u8(1, 0).u64(1000n).u8(1).take();
  const next = new Bytes().u8(0, 0, 1010 & 0xff, 2).take();
  const source = folders.make({
    metadata: text,
    data: packet(joined(early, next), { begin: 5000n, end: 6000n }),
  });
  const how = { where: "n == 2" };
  const once = await cut(source, how);
  // The begin that an index says is not what every reader goes by.
  rmSync(join(once, "index"), { recursive: true });
  const expected = (await rows(source, how)).rows;
  assert.is(expected.length, 1);
  assert.equal((await rows(once)).rows, expected);
});

test("records of some names are kept whether they pass or not", async () => {
  const source = folders.make({
    metadata: `${PREAMBLE}${STREAM}event { name = "a"; id = 0; stream_id = 0; };\nevent { name = "b"; id = 1; stream_id = 0; };\n`,
    data: packet(joined(...[0, 1, 0, 1].map((id, i) => record(id, BigInt(i), new Uint8Array())))),
  });
  const names = async (how: How): Promise<unknown[]> =>
    (await rows(await cut(source, how))).rows.map(({ event }) => event);
  assert.equal(await names({ events: ["a"] }), ["a", "a"]);
  assert.equal(await names({ events: ["nothing"], alwaysKept: ["b"] }), ["b", "b"]);
});

for (const name of ["small", "ctf18", "ctf2"] as const) {
  test(`${name}: metadata declare the event classes that occur, and may have another UUID`, async () => {
    const source = await project(name);
    const [wanted] = await rows(source).then(({ rows: all }) => all.map(({ event }) => event));
    const how = (): How => {
      let made = 0;
      const uuid = () => new Uint8Array(16).fill(++made);
      return { events: [String(wanted)], classes: "occurring", uuid };
    };
    const once = await cut(source, how());
    assert.equal((await rows(once)).rows, (await rows(source, how())).rows);
    for (const { traceClass, notes, damage } of (await openRecorded([once])).opened) {
      const named = [...traceClass.streamClasses.values()].flatMap((stream) =>
        [...stream.eventClasses.values()].map((eventClass) => eventClass.name),
      );
      assert.ok(
        named.every((one) => one === wanted),
        `${named}`,
      );
      assert.equal(traceClass.uuid, new Uint8Array(16).fill(traceClass.uuid![0]!));
      assert.equal([notes, damage], [[], []], "packets have the UUID, too");
    }
    assert.equal(contents(await cut(once, how())), contents(once));
  });
}

test("event classes stay where a stream's clock is known by them only", async () => {
  const stream = STREAM.replace(/timestamp;/, "time;").replace(/map = [^;]*;/g, "");
  const metadata = `${PREAMBLE}${stream}
event { name = "a"; id = 0; stream_id = 0; fields := struct { integer { size = 64; align = 8; map = clock.monotonic.value; } t; }; };
event { name = "b"; id = 1; stream_id = 0; fields := struct { u8 n; }; };\n`;
  const source = folders.make({
    metadata,
    data: packet(joined(record(1, 5n, Uint8Array.of(7)), record(1, 6n, Uint8Array.of(8)))),
  });
  const once = await cut(source, { classes: "occurring" });
  assert.equal((await rows(once)).rows, (await rows(source)).rows);
});

test("a cut that is stopped or fails leaves nothing", async () => {
  const source = await project("small");
  const folder = folders.make();
  const to = join(folder, "cut");
  const spec = {
    opened: await openRecorded([source]),
    sources: [source],
    to,
    scan: { filter: undefined, events: [], columns: [], begin: undefined, end: undefined },
    alwaysKept: [],
    onLoss: () => {},
  };
  let packets = 0;
  assert.is(await cutTraces({ ...spec, isStopped: () => packets++ > 5 }), undefined);
  assert.equal(readdirSync(folder), []);
  await cutTraces({ ...spec, isStopped: () => false });
  try {
    await cutTraces({ ...spec, isStopped: () => false });
    assert.unreachable();
  } catch (error) {
    assert.is(error instanceof TraceError && error.code, "CUT_EXISTS");
  }
});

test("the command keeps container names, and --bare does not", async () => {
  const source = await project("small");
  const folder = folders.make();
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
  const named = join(folder, "named");
  const bare = join(folder, "bare");
  const ask = ["--container", "some-redis"];
  assert.is(run("cut", source, "--to", named, ...ask).status, 0);
  assert.is(run("cut", source, "--to", bare, "--bare", ...ask).status, 0);
  const expected = run("tail", source, ...ask, "-c").stdout;
  assert.is(run("tail", named, ...ask, "-c").stdout, expected);
  assert.is(run("tail", bare, "-c").stdout, expected);
  assert.ok(existsSync(join(named, "kernel/index")));
});

test("whatever is asked of containers, the cut has the records of a query", async () => {
  const source = await project("churn");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8", maxBuffer: 1 << 28 });
  const folder = folders.make();
  for (const [i, ask] of [
    ["--container", "some-redis"],
    ["--container", "!some-redis"],
    ["--container", "[HOST]"],
    ["--container", "pid_ns:*"],
    [
      "--where",
      '$container.name == "new-gecko" && $event.cpu_id == 1 || $container.type == "docker"',
    ],
    ["--where", '!($container.name == "some-redis" && $event.name == "syscall_*")'],
  ].entries()) {
    const to = join(folder, String(i));
    const { status, stderr } = run("cut", source, "--to", to, "--bare", ...ask);
    assert.is(status, 0, stderr);
    const expected = run("tail", source, "-q", "--format", "babeltrace", ...ask).stdout;
    assert.ok(expected.length > 1000, `${ask}`);
    assert.ok(run("tail", to, "-q", "--format", "babeltrace").stdout === expected, `${ask}`);
  }
});

test("names that no container has, and fields that no event has, are said", async () => {
  const source = await project("small");
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [MAIN, "cut", source, "--to", join(folders.make(), "c"), ...args], {
      encoding: "utf8",
    });
  assert.match(run("--container", "some-reddis").stderr, /no container is called some-reddis/);
  const { status, stderr } = run("--where", "nosuch == 1");
  assert.is(status, 1);
  assert.match(stderr, /nosuch/);
});

test("a trace whose last packet was cut short by a crash is cut as far as it goes", async () => {
  const source = folders.make({
    metadata: `${PREAMBLE}${STREAM}event { name = "a"; id = 0; stream_id = 0; };\n`,
    data: packet(
      joined(...Array.from({ length: 9 }, (_, i) => record(0, BigInt(i), new Uint8Array()))),
    ),
  });
  truncateSync(join(source, "data"), 60 + 5 * 10 + 3);
  const once = await rows(await cut(source));
  assert.is(once.rows.length, 5);
  assert.equal(once.losses, []);
});

test.run();
