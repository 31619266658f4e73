/**
 * Conditions on containers, joined with others in every way: the same rows through library, HTTP, WebSocket and CLI, recorded
 * and live, compiled and interpreted. The oracle is the condition itself, of the columns of all rows.
 *
 * TRACEWIRE_FULL=PATH asks `small`'s conditions of another trace of the same machine, too.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { LiveFeed, openFeed } from "../../src/feed/feed.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { query } from "../../src/index.ts";
import { RecordedNames } from "../../src/operators/contain/recorded-names.ts";
import { namesOf } from "../../src/operators/run-question.ts";
import { replay } from "../../src/replay/server.ts";
import { serve } from "../../src/server/server.ts";
import { Client, get } from "../server/lab.ts";
import { Child } from "../support/child.ts";
import { askSpec, collect, type Row, type Spec } from "../support/query.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("operators/conditions");

/** A row with what conditions ask of it; `ret` is undefined where the event class has no such field. */
interface Facts {
  readonly name: string;
  readonly type: string;
  readonly ret: number | undefined;
  readonly event: string;
}

/** As for the tracer, a field that an event class does not have makes a whole filter false, unless it is `ret?`. */
const CONDITIONS: Readonly<
  Record<string, readonly (readonly [string, (row: Facts) => boolean])[]>
> = {
  small: [
    [
      '$container.name == "some-redis" && ret >= 0',
      ({ name, ret }) => name === "some-redis" && ret !== undefined && ret >= 0,
    ],
    [
      '$container.name == "some-redis" || ret < 0',
      ({ name, ret }) => ret !== undefined && (name === "some-redis" || ret < 0),
    ],
    [
      '$container.name == "some-redis" || ret? < 0',
      ({ name, ret }) => name === "some-redis" || (ret !== undefined && ret < 0),
    ],
    [
      '!($container.type == "docker") && $event.name == "sched_switch"',
      ({ type, event }) => type !== "docker" && event === "sched_switch",
    ],
    [
      '!($container.name == "some-*" && ret? < 0)',
      ({ name, ret }) => !(name.startsWith("some-") && ret !== undefined && ret < 0),
    ],
    [
      '$container.name in ("some-redis", "[HOST]") && $event.name == "syscall_entry_*"',
      ({ name, event }) =>
        ["some-redis", "[HOST]"].includes(name) && event.startsWith("syscall_entry_"),
    ],
    [
      '$container.name == "*redis*" && ret? > 0 || $container.type == "lx*" && ret? < 0',
      ({ name, type, ret }) =>
        (name.includes("redis") && ret !== undefined && ret > 0) ||
        (type.startsWith("lx") && ret !== undefined && ret < 0),
    ],
    [
      '($container.name == "some-redis" || $event.name == "irq_*") && ($container.type != "docker" || ret? >= 0)',
      ({ name, type, ret, event }) =>
        (name === "some-redis" || event.startsWith("irq_")) &&
        (type !== "docker" || (ret !== undefined && ret >= 0)),
    ],
    [
      '$container.name == "no-such" || $event.name == "sched_wakeup"',
      ({ event }) => event === "sched_wakeup",
    ],
    ['$container.name == "no-such"', () => false],
    ['$container.name != "[HOST]"', ({ name }) => name !== "[HOST]"],
  ],
  churn: [
    [
      '$container.name == "new-gecko" || ret? < 0',
      ({ name, ret }) => name === "new-gecko" || (ret !== undefined && ret < 0),
    ],
    [
      '!($container.name in ("goofy*", "new-gecko")) && ret? >= 0',
      ({ name, ret }) =>
        !name.startsWith("goofy") && name !== "new-gecko" && ret !== undefined && ret >= 0,
    ],
    [
      '$container.type == "docker" && $event.name == "sched_*" || $container.name == "pid_ns:*"',
      ({ name, type, event }) =>
        (type === "docker" && event.startsWith("sched_")) || name.startsWith("pid_ns:"),
    ],
    [
      '$container.name == "new-*" && $event.name == "*_exit_*"',
      ({ name, event }) => name.startsWith("new-") && /_exit_/.test(event),
    ],
    [
      '!($container.name == "[HOST]" || $event.name == "syscall_*")',
      ({ name, event }) => name !== "[HOST]" && !event.startsWith("syscall_"),
    ],
    [
      '$container.name in ("*-gecko", "[HOST]") && !($event.name in ("sched_*", "irq_*"))',
      ({ name, event }) =>
        (name.endsWith("-gecko") || name === "[HOST]") && !/^(sched|irq)_/.test(event),
    ],
    [
      '$container.type in ("lxd", "dock*") && (ret? == 0 || ret? < -1)',
      ({ type, ret }) =>
        (type === "lxd" || type.startsWith("dock")) && ret !== undefined && (ret === 0 || ret < -1),
    ],
    [
      '!($container.type == "docker") || $container.name == "goofy*" && $event.name != "sched_*"',
      ({ name, type, event }) =>
        type !== "docker" || (name.startsWith("goofy") && !event.startsWith("sched_")),
    ],
    [
      '$container.name != "*o*" || ret? > 100',
      ({ name, ret }) => !name.includes("o") || (ret ?? 0) > 100,
    ],
    ['!!($container.name == "no-*") || $container.name in ("nothing", "none")', () => false],
  ],
};

const SELECT = ["timestamp", "event", "cpu_id", "tid"];
const keyOf = (row: Row): string => SELECT.map((name) => String(row[name] ?? "")).join(" ");

function factsOf(row: Row): Facts {
  const ret = row["ret"];
  return {
    name: String(row["container"] ?? ""),
    type: String(row["container_type"] ?? ""),
    ret: ret === null ? undefined : Number(ret),
    event: String(row["event"]),
  };
}

interface Subject {
  readonly title: string;
  readonly conditions: (typeof CONDITIONS)[string];
  /** How many of the conditions are asked live, too. */
  readonly live: number;
  open(): Promise<{ readonly path: string; remove(): Promise<void> }>;
}

const FULL = process.env["TRACEWIRE_FULL"];

const SUBJECTS: readonly Subject[] = [
  {
    title: "small",
    conditions: CONDITIONS["small"]!,
    live: 11,
    open: () => recordedTrace("small"),
  },
  { title: "churn", conditions: CONDITIONS["churn"]!, live: 3, open: () => recordedTrace("churn") },
  ...(FULL === undefined
    ? []
    : [
        {
          title: "full",
          conditions: CONDITIONS["small"]!,
          live: 0,
          open: async () => ({ path: FULL, remove: async () => undefined }),
        },
      ]),
];

for (const { title, conditions, live, open } of SUBJECTS) {
  test(`${title}: rows are those that the condition says, whoever asks`, async () => {
    const trace = await open();
    const feed = openFeed([trace.path], { from: "beginning" });
    const names = new RecordedNames(feed);
    const server = await serve([trace.path], { port: 0 });
    try {
      const ask = async (question: Spec): Promise<readonly Row[]> => {
        const results = askSpec(question, feed.share(), () => ({ kind: "recorded", names }));
        return (await collect(results)).rows;
      };
      const all = await ask({ select: [...SELECT, "container", "container_type", "ret"] });
      for (const [where, holds] of conditions) {
        const expected = all.filter((row) => holds(factsOf(row))).map(keyOf);
        const filter = compileFilter(where);
        const same = (rows: readonly Row[], how: string): void => {
          assert.is(rows.length, expected.length, `${where}: ${how}`);
          assert.ok(
            rows.every((row, i) => keyOf(row) === expected[i]),
            `${where}: ${how}`,
          );
        };
        for (const engine of ["kernel", "interpreter"] as const) {
          same(await ask({ select: SELECT, filter, engine }), engine);
          // With a container column that differs, rows are resolved behind the scan.
          same(await ask({ select: [...SELECT, "container"], filter, engine }), `${engine}, named`);
        }
        same(await libraryRows(trace.path, where), "library");
        const path = `/v1/query?format=ndjson&select=${SELECT}&where=${encodeURIComponent(where)}`;
        same(lines((await get(server, path)).body.toString()), "HTTP");
        const question = { where, select: SELECT, format: "ndjson", credit: 10_000 };
        const client = await Client.ask(server, question);
        await client.last();
        same(lines(Buffer.concat(client.binary).toString()), "WebSocket");
        const args = ["tail", trace.path, "--where", where, "--select", SELECT.join(","), "-q"];
        const cli = new Child(process.execPath, [MAIN, ...args, "--format", "ndjson"]);
        same(lines(await cli.output()), "CLI");
      }
    } finally {
      await server.close();
      await trace.remove();
    }
  });

  if (live > 0)
    test(`${title}: live, each row fulfils the condition`, async () => {
      const trace = await open();
      const relayd = await replay([trace.path], { speed: "max", session: title });
      try {
        for (const [where, holds] of conditions.slice(0, live)) {
          // What is known of containers live is known from the record on; of the whole trace it is the same in the end.
          const session = new LiveFeed(relayd.urls, { from: "beginning" });
          const question = {
            isLive: true,
            filter: compileFilter(where),
            select: [...SELECT, "container", "container_type", "ret"],
          };
          const { rows } = await collect(
            askSpec({ ...question, nameWaitMs: 300 }, session.share(), () => namesOf(session)),
          );
          assert.ok(
            rows.every((row) => holds(factsOf(row))),
            where,
          );
        }
      } finally {
        await relayd.close();
        await trace.remove();
      }
    });
}

async function libraryRows(path: string, where: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const row of query(path, { where, select: SELECT }).rows()) rows.push(row);
  return rows;
}

function lines(text: string): Row[] {
  return text
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const row = JSON.parse(line) as Record<string, unknown>;
      const ns = BigInt(Date.parse(`${String(row["timestamp"]).slice(0, 19)}Z`)) * 1_000_000n;
      const fraction = BigInt(/\.(\d{9})/.exec(String(row["timestamp"]))?.[1] ?? 0);
      return { ...row, timestamp: ns + fraction };
    });
}

test.run();
