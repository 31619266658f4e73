/**
 * Names on real daemons, in whatever order viewer, session, start, application and container records come: every row of a
 * container is delivered under its name, and so are all rows of one that starts later, from its first event on.
 *
 * Short by default; `NAME_ORDERS=20` repeats each order so often, through every way of asking.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { connect } from "../../src/library/connect.ts";
import { serve } from "../../src/server/server.ts";
import type { Application } from "../support/application.ts";
import { Child, eventually } from "../support/child.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { cell } from "../support/query.ts";
import { freshSeed, seededRandom } from "../support/splits.ts";
import { MAIN, PROJECT } from "../support/traces.ts";

const test = suite("real/name-orders");
const run = needsLttng(test);
const daemons = sharedLttng(test);

type Step = "viewer" | "session" | "start" | "application" | "records";
type Way = "tail" | "serve" | "joining" | "library";
const WAYS: readonly Way[] = ["tail", "serve", "joining", "library"];

const EVENTS = ["tracewire_test:*", "ust_container_statedump:*"];
const WHERE = '$container.name == "web*"';
/** What identifies an instance is never 0 in a record. */
const STARTED = BigInt(Date.now()) * 1_000_000n;
const SELECT = ["container", "payload.tag", "payload.number"];

/** Every order in which a session is created before it is started. */
function orders(
  rest: readonly Step[] = ["viewer", "session", "start", "application", "records"],
): Step[][] {
  if (rest.length === 0) return [[]];
  return rest.flatMap((step) => {
    if (step === "start" && rest.includes("session")) return [];
    return orders(rest.filter((one) => one !== step)).map((order) => [step, ...order]);
  });
}

/** What sends container records into the traces, line by line, as `tracewire statedump` does. */
class Recorder {
  readonly #child: Child;
  #timer: NodeJS.Timeout | undefined;
  readonly #lines: string[] = [];

  constructor(lttng: Lttng) {
    this.#child = lttng.run(`${PROJECT}/statedump/tracewire-statedump`, []);
    this.#timer = setInterval(() => this.#send(), 100);
  }

  /** Records a container now and again and again. */
  record(name: string, pidNs: string, initPid: number): void {
    const fields = [
      name,
      "docker",
      pidNs,
      1,
      0,
      0,
      `id-${name}`,
      "",
      initPid,
      "",
      "",
      1,
      STARTED,
      0,
      ...["", 0, 0, 0],
    ];
    this.#lines.push(fields.join("\t"));
    this.#send();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#child.process.stdin?.end();
  }

  #send(): void {
    this.#child.send(`${this.#lines.map((line) => `${line}\n`).join("")}`);
  }
}

/** Someone who asks for containers by name, and the rows so far, as `name tag number`. */
interface Viewer {
  rows(): readonly string[];
  close(): Promise<void>;
}

const rowText = (row: Record<string, unknown>): string =>
  `${row["container"]} ${row["tag"]} ${row["number"]}`;

async function viewer(way: Way, url: string): Promise<Viewer> {
  switch (way) {
    case "tail": {
      const args = ["tail", url, "--wait", "--from", "beginning", "--where", WHERE];
      const rest = ["--select", SELECT.join(","), "--format", "ndjson", "--quiet"];
      const child = new Child(process.execPath, [MAIN, ...args, ...rest]);
      return {
        rows: () => child.lines.map((line) => rowText(JSON.parse(line))),
        close: async () => child.stop(),
      };
    }
    case "serve":
    case "joining": {
      const server = await serve([url], { port: 0, wait: true, from: "beginning" });
      const answers: string[][] = [];
      const ask = (): WebSocket => {
        const rows: string[] = [];
        answers.push(rows);
        const socket = new WebSocket(
          `${server.url.replace("http", "ws")}/v1/query`,
          "tracewire.v1",
        );
        const query = { where: WHERE, select: SELECT, format: "ndjson", credit: 1_000_000 };
        socket.on("open", () => socket.send(JSON.stringify(query)));
        socket.on("message", (data, isBinary) => {
          const lines = isBinary ? data.toString().trim().split("\n") : [];
          rows.push(...lines.map((line) => rowText(JSON.parse(line))));
        });
        socket.on("error", () => undefined);
        return socket;
      };
      const first = ask();
      const sockets = [first];
      // One joins while another is there: it gets the rows from then on, under the names that are known by then.
      const joining = way === "joining" ? setTimeout(() => sockets.push(ask()), 300) : undefined;
      return {
        rows: () => answers.flat(),
        close: async () => {
          clearTimeout(joining);
          for (const socket of sockets) socket.terminate();
          await server.close();
        },
      };
    }
    case "library": {
      const rows: string[] = [];
      const sessions = connect(url, { wait: true, from: "beginning", pollMs: 100 }).subscribe(
        (session) => {
          const items = session.query({ where: WHERE, select: SELECT }).items();
          sessions.add(
            items.subscribe((item) => {
              if (item.kind !== "batch") return;
              for (let row = 0; row < item.batch.rows; row++)
                rows.push(item.batch.columns.map((column) => String(cell(column, row))).join(" "));
            }),
          );
        },
      );
      return { rows: () => rows, close: async () => sessions.unsubscribe() };
    }
  }
}

let session = 0;

/** One order from its first step to the last row. */
async function tryOrder(lttng: Lttng, order: readonly Step[], way: Way): Promise<void> {
  const name = `order${session++}`;
  let asking: Viewer | undefined;
  let first: Application | undefined;
  let recorder: Recorder | undefined;
  let emitted = 0;
  // What is emitted while nothing is recorded is lost.
  const isRecording = (): boolean => done.has("start");
  const done = new Set<Step>();
  const tick = async (): Promise<void> => {
    if (first === undefined) return;
    await first.emit("tick", 5);
    if (isRecording()) emitted += 5;
  };
  const recordFirst = (): void => {
    if (first !== undefined) recorder?.record("web-first", first.pidNamespace, 1001);
  };
  const steps: Record<Step, () => Promise<void>> = {
    viewer: async () => {
      asking = await viewer(way, lttng.url(name));
    },
    session: () =>
      lttng.createSession(name, {
        events: EVENTS,
        contexts: ["pid_ns", "mnt_ns", "vpid", "vtid"],
        isStarted: false,
        liveTimerUs: 100_000,
      }),
    start: async () => {
      await lttng.lttng("start", name);
    },
    application: async () => {
      first = await lttng.application("first", { isContained: true });
      recordFirst();
    },
    records: async () => {
      recorder = new Recorder(lttng);
      recordFirst();
    },
  };
  try {
    for (const step of order) {
      await steps[step]();
      done.add(step);
      await tick();
    }
    await tick();
    // A container that starts beside it: its events come before its record.
    const second = await lttng.application("second", { isContained: true });
    await second.emit("tick", 7);
    await new Promise((resolve) => setTimeout(resolve, 250));
    recorder?.record("web-second", second.pidNamespace, 1002);
    await second.emit("tick", 7);
    await second.end();
    await tick();
    const what = `${way}: ${order.join(", ")}`;
    const numbers = (tag: string): number[] => {
      const own = asking!.rows().filter((row) => row.startsWith(`web-${tag} ${tag} `));
      return [...new Set(own.map((row) => Number(row.split(" ")[2])))];
    };
    await eventually(`${what}: all rows`, async () =>
      numbers("second").length >= 14 && numbers("first").length >= emitted ? true : undefined,
    ).catch((error: unknown) => {
      const rows = asking!.rows();
      throw new Error(
        `${what}: expected ${emitted} rows of first and 14 of second, got ${numbers("first").length} and ${numbers("second").length}: ${rows.slice(0, 50).join(", ")}`,
        { cause: error },
      );
    });
    assert.is(numbers("first").length, emitted, what);
    assert.equal(
      numbers("second"),
      Array.from({ length: 14 }, (_, i) => i),
      what,
    );
    // Nothing of anyone else, and nothing under a namespace's number.
    assert.ok(
      asking!.rows().every((row) => /^web-(\w+) \1 \d+$/.test(row)),
      what,
    );
  } finally {
    await asking?.close();
    recorder?.close();
    await first?.end();
    if (done.has("session")) await lttng.end(name);
  }
}

run("names come with every row, in whatever order everything starts", async () => {
  await new Child("make", ["-C", `${PROJECT}/statedump`]).output();
  const lttng = await daemons();
  const repeats = Number(process.env["NAME_ORDERS"] ?? 0);
  const all = orders();
  assert.is(all.length, 60);
  if (repeats > 0) {
    for (let round = 0; round < repeats; round++) {
      for (const order of all) for (const way of WAYS) await tryOrder(lttng, order, way);
      console.log(`round ${round + 1} of ${repeats}`);
    }
    return;
  }
  // Those in which the viewer comes first, and a few others.
  const random = seededRandom(freshSeed());
  const some = [
    ["viewer", "session", "start", "application", "records"],
    ["session", "viewer", "start", "application", "records"],
    ["session", "start", "viewer", "application", "records"],
    ["session", "start", "application", "viewer", "records"],
    ["session", "start", "application", "records", "viewer"],
    ["records", "application", "viewer", "session", "start"],
    ...Array.from({ length: 2 }, () => all[Math.floor(random() * all.length)]!),
  ] as Step[][];
  for (const [i, order] of some.entries()) await tryOrder(lttng, order, WAYS[i % WAYS.length]!);
});

test.run();
