/**
 * A scripted day in fast motion, on one `tail` that runs through all of it: applications come and go, the session is
 * stopped, cleared, destroyed and made anew, the connection is cut in the middle of replies, the relay daemon dies.
 * Every event is delivered once, or its absence is accounted for.
 */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Application } from "../support/application.ts";
import { type Child, eventually } from "../support/child.ts";
import { type Lttng, needsLttng, sharedLttng } from "../support/lttng.ts";
import { random } from "../support/random.ts";
import { cuttingProxy } from "../support/relay-proxy.ts";
import { tracewire } from "../support/tracewire.ts";

const test = suite("real/day");
const run = needsLttng(test);
const daemons = sharedLttng(test);

/** How often each part of the day is repeated: once in continuous integration, more for a long day. */
const REPEATS = Number(process.env["TRACEWIRE_DAY_REPEATS"] ?? 2);
const SESSION = "day";
const ROWS = ["--format", "ndjson", "--select", "tag,number"];
const next = random("real/day");
let closeProxy: () => Promise<void> = () => Promise.resolve();
test.after(() => closeProxy());

interface Seen {
  readonly tag: string;
  readonly number: number;
}

/** Reads the lines of a tail as they come. */
class Reader {
  readonly child: Child;
  readonly #counts = new Map<string, Map<number, number>>();
  #parsed = 0;

  constructor(child: Child) {
    this.child = child;
  }

  /** How often each number of a tag was delivered. */
  of(tag: string): ReadonlyMap<number, number> {
    const end = this.child.stdout.lastIndexOf("\n") + 1;
    for (const line of this.child.stdout.slice(this.#parsed, end).split("\n").slice(0, -1)) {
      const { tag, number } = JSON.parse(line) as Seen;
      const numbers = this.#counts.get(tag) ?? new Map<number, number>();
      numbers.set(number, (numbers.get(number) ?? 0) + 1);
      this.#counts.set(tag, numbers);
    }
    this.#parsed = end;
    return this.#counts.get(tag) ?? new Map();
  }

  /** Waits until a number has come; everything of its stream before it has come then. */
  async until(tag: string, number: number): Promise<void> {
    await eventually(`${tag} ${number} is delivered`, () => this.of(tag).has(number) || undefined);
  }

  /** The numbers below `count` that were not delivered; none twice. */
  missing(tag: string, count: number): number[] {
    const numbers = this.of(tag);
    const twice = [...numbers].filter(([, times]) => times > 1);
    assert.equal(twice, [], `${tag}: delivered twice`);
    const missing = Array.from({ length: count }, (_, i) => i).filter((i) => !numbers.has(i));
    // For who must find out why.
    if (missing.length > 0)
      console.log(`${tag}: ${missing[0]}…${missing.at(-1)} missing\n${this.child.stderr}`);
    return missing;
  }

  /** How often a pattern stands in what it says of itself. */
  said(pattern: RegExp): number {
    return this.child.stderr.match(new RegExp(pattern, "g"))?.length ?? 0;
  }
}

interface Day {
  readonly lttng: Lttng;
  readonly reader: Reader;
  readonly steady: Application;
  readonly tag: string;
  /** Ticks that the steady application has emitted. */
  emitted: number;
}

let instances = 0;

/** Makes the session, and the application that runs through its life. */
async function begin(lttng: Lttng, reader: Reader): Promise<Day> {
  const tag = `steady${++instances}`;
  await lttng.createSession(SESSION, { buffers: "pid", isStarted: false });
  await lttng.lttng("start", SESSION);
  const steady = await lttng.application(tag, { delayUs: 200 });
  return { lttng, reader, steady, tag, emitted: 0 };
}

async function emit(day: Day, count: number): Promise<void> {
  await day.steady.emit("tick", count);
  day.emitted += count;
}

/** Emits until something has happened to the reader. */
async function emitUntil(day: Day, hasHappened: () => boolean): Promise<void> {
  for (let round = 0; !hasHappened(); round++) {
    assert.ok(round < 200, `nothing happens: ${day.reader.child.stderr}`);
    await emit(day, 500);
  }
}

run(
  "follows a day of everything that happens to sessions, and loses nothing unaccounted",
  async () => {
    const lttng = await daemons();
    let cutAt: () => number = () => Number.POSITIVE_INFINITY;
    const proxy = await cuttingProxy(lttng.livePort, () => cutAt());
    closeProxy = () => proxy.close();
    const url = lttng.url(SESSION).replace(`:${lttng.livePort}`, `:${proxy.port}`);
    const tail = tracewire("tail", url, "--wait", "--max-lag", "2s", ...ROWS);
    const reader = new Reader(tail);
    await tail.until("waits", () => tail.stderr.includes("waiting for it"));

    let day = await begin(lttng, reader);
    await tail.until("attached", () => reader.said(/attached to session day/) === 1);

    for (let repeat = 0; repeat < REPEATS; repeat++) {
      part("come and go");
      // Applications that come and go beside the steady one. What a relayd before 2.14 does not show cannot be followed.
      const short: string[] = [];
      for (let i = 0; i < 10; i++) {
        const tag = `short${instances}-${repeat}-${i}`;
        await Promise.all([lttng.shortLived(tag, 5), emit(day, 300)]);
        if (reader.of(tag).size > 0) short.push(tag);
      }
      await reader.until(day.tag, day.emitted - 1);
      for (const tag of short) assert.equal(reader.missing(tag, 5), [], tag);
      assert.equal(reader.missing(day.tag, day.emitted), []);

      part("cut");
      // The connection is cut again and again, wherever it may be.
      const cuts = reader.said(/warning: reconnected/);
      cutAt = () => 200 + next(60_000);
      for (let i = 1; i <= 5; i++) {
        await emitUntil(day, () => reader.said(/warning: reconnected/) >= cuts + i);
      }
      cutAt = () => Number.POSITIVE_INFINITY;
      await emit(day, 100);
      await reader.until(day.tag, day.emitted - 1);
      assert.equal(reader.missing(day.tag, day.emitted), []);

      part("stop");
      // Stopped and started again.
      await lttng.lttng("stop", SESSION);
      await lttng.lttng("start", SESSION);
      await emit(day, 500);
      await reader.until(day.tag, day.emitted - 1);
      assert.equal(reader.missing(day.tag, day.emitted), []);

      part("clear");
      // Cleared: what was not read is gone, and that is reported.
      const clears = reader.said(/was cleared/);
      const before = day.emitted;
      await emit(day, 2000);
      await lttng.lttng("clear", SESSION);
      const cleared = day.emitted;
      await emit(day, 500);
      await reader.until(day.tag, day.emitted - 1);
      const gone = reader.missing(day.tag, day.emitted);
      assert.ok(
        gone.every((number) => number >= before && number < cleared),
        `missing beside the cleared: ${gone}`,
      );
      assert.is(reader.said(/was cleared/), clears + 1);

      part("destroy");
      // Destroyed, and made anew under the same name.
      const attached = reader.said(/attached to session day/);
      const missing = gone.length;
      assert.is(await day.steady.end(), day.emitted);
      await lttng.end(SESSION);
      await tail.until("detached", () => reader.said(/the session is over/) > repeat * 1);
      assert.is(reader.missing(day.tag, day.emitted).length, missing);
      day = await begin(lttng, reader);
      await tail.until("attached again", () => reader.said(/attached to session day/) > attached);
      await emit(day, 1000);
      await reader.until(day.tag, day.emitted - 1);
      assert.equal(reader.missing(day.tag, day.emitted), []);

      part("kill");
      // The relay daemon is killed. What it had not handed on is lost, and only that.
      const handedOn = day.emitted;
      const reconnects = reader.said(/warning: reconnected/);
      await emit(day, 500);
      await lttng.killRelayd();
      const killed = day.emitted;
      await emit(day, 500);
      await lttng.restartRelayd();
      await tail.until("came back", () => reader.said(/warning: reconnected/) > reconnects);
      await tail.until("reported the gap", () =>
        /session day on .* its end is missing/.test(tail.stderr),
      );
      const lost = reader.missing(day.tag, day.emitted);
      assert.ok(
        lost.every((number) => number >= handedOn),
        `lost: ${lost.slice(0, 3)}…`,
      );
      assert.ok(lost.length >= day.emitted - killed);
      await day.steady.end();
      // The session daemon's connection to it is gone for good.
      await lttng.lttng("destroy", "--no-wait", SESSION).catch(() => undefined);
      await eventually("the session is gone", async () =>
        (await lttng.lttng("list").catch(() => "")).includes(SESSION) ? undefined : true,
      );
      day = await begin(lttng, reader);
      await emit(day, 1000);
      await reader.until(day.tag, day.emitted - 1);
      assert.equal(reader.missing(day.tag, day.emitted), []);
    }

    assert.is(await day.steady.end(), day.emitted);
    await lttng.end(SESSION);
    const overs = 1 + 1 * REPEATS;
    await tail.until("ended the last", () => reader.said(/the session is over/) >= overs);
    assert.equal(reader.missing(day.tag, day.emitted), []);
    tail.process.kill("SIGINT");
    // What was cleared, or overwritten while a relay daemon was gone, is lost, and reported.
    const { code, signal } = await tail.end();
    assert.is(signal, null);
    assert.ok(code === 0 || code === 3, String(code));
    // No warning but those of the day.
    const warnings = tail.stderr.match(/^warning: .*$/gm) ?? [];
    const known =
      /reconnected|was cleared|its end is missing|came late|^warning: lost: |packets? (is|are) missing|packets? of/;
    assert.equal(
      warnings.filter((warning) => !known.test(warning)),
      [],
    );
    assert.match(warnings.join("\n"), /lost: .*gap of unknown size|lost: .*gaps of unknown size/);
  },
);

/** Says where the day is, for who waits. */
function part(name: string): void {
  console.log(`${new Date().toISOString()} ${name}`);
}

test.run();
