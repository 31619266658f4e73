/**
 * A busy live session and twenty clients that come, go and freeze at random: no steady client is cut, every account closes to
 * the row, memory and descriptors stay flat. `SOAK_MINUTES=15 SEED=…` for longer; by default some seconds.
 */

import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { RecordBatchReader } from "apache-arrow";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { WebSocket } from "ws";
import { Child } from "../support/child.ts";
import { random as seeded } from "../support/random.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

const test = suite("server/soak");
const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 0.15);
const STEADY = 4;
const CHANGING = 16;
const ROWS = 100_000;

const after = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

interface Account {
  readonly rows: number;
  readonly dropped: number;
  readonly late: number;
}

class SoakClient {
  readonly socket: WebSocket;
  closeCode: number | undefined;
  last: Account = { rows: 0, dropped: 0, late: 0 };
  hasEnded = false;
  batches = 0;
  readonly #parts: Buffer[] = [];
  readonly #keeps: boolean;

  constructor(url: string, query: Record<string, unknown>, keeps: boolean) {
    this.#keeps = keeps;
    this.socket = new WebSocket(`${url.replace("http", "ws")}/v1/query`, "tracewire.v1", {
      perMessageDeflate: false,
    });
    this.socket.on("error", () => undefined);
    this.socket.on("close", (code) => {
      this.closeCode = code;
    });
    this.socket.on("open", () => this.socket.send(JSON.stringify({ credit: 16, ...query })));
    this.socket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) {
        this.batches++;
        if (this.#keeps) this.#parts.push(data);
        this.socket.send('{"credit":1}');
        return;
      }
      const frame = JSON.parse(data.toString()) as Account & { readonly type: string };
      if (frame.type === "status" || frame.type === "end") this.last = frame;
      if (frame.type === "end") this.hasEnded = true;
    });
  }

  /** Rows as they came, counted from the Arrow stream. */
  get rows(): number {
    let rows = 0;
    for (const batch of RecordBatchReader.from(Buffer.concat(this.#parts))) rows += batch.numRows;
    return rows;
  }
}

interface Tally {
  ended: number;
  left: number;
  froze: number;
  refused: number;
  rows: number;
  dropped: number;
  late: number;
  readonly wrong: string[];
}

/** One client after the other, until the time is over. */
async function change(
  url: string,
  random: () => number,
  untilMs: number,
  tally: Tally,
): Promise<void> {
  while (performance.now() < untilMs) {
    const limit = ROWS + Math.floor(random() * ROWS);
    const client = new SoakClient(url, { select: ["timestamp"], limit }, true);
    const leavesAtMs =
      random() < 0.3 ? performance.now() + random() * 4000 : Number.POSITIVE_INFINITY;
    const freezes = random() < 0.4;
    await Promise.race([once(client.socket, "open"), after(5000)]);
    if (freezes && client.closeCode === undefined) {
      await after(random() * 500);
      client.socket.pause();
      await after(random() * 5000);
      client.socket.resume();
      tally.froze++;
    }
    while (client.closeCode === undefined && performance.now() < leavesAtMs) await after(20);
    if (client.closeCode === undefined) {
      client.socket.terminate();
      tally.left++;
      continue;
    }
    if (!client.hasEnded) {
      tally.refused++;
      continue;
    }
    const { rows, dropped, late } = client.last;
    tally.ended++;
    tally.rows += rows;
    tally.dropped += dropped;
    tally.late += late;
    if (rows + dropped !== limit || client.rows !== rows)
      tally.wrong.push(`limit ${limit}: ${rows} sent, ${client.rows} came, ${dropped} dropped`);
  }
}

test("clients come, go and freeze for a while", async () => {
  const next = seeded("server/soak");
  const random = (): number => next(2 ** 20) / 2 ** 20;
  const trace = await recordedTrace("small");
  const replay = new Child(process.execPath, [
    ...[MAIN, "replay", trace.path, "--speed", "max", "--loop", "--listen", "127.0.0.1:0"],
  ]);
  await replay.until("listened", () => replay.lines.length > 0);
  const source = /net:\S+/.exec(replay.stdout)![0];
  const serve = new Child(process.execPath, [
    ...[MAIN, "serve", source, "--listen", "127.0.0.1:0", "--no-token"],
  ]);
  try {
    await serve.until("printed its address", () => serve.lines.length > 0);
    const url = serve.lines[0]!;
    const pid = serve.process.pid!;
    const untilMs = performance.now() + MINUTES * 60_000;
    const steady = Array.from(
      { length: STEADY },
      () => new SoakClient(url, { select: ["tid"] }, false),
    );
    const tally: Tally = {
      ended: 0,
      left: 0,
      froze: 0,
      refused: 0,
      rows: 0,
      dropped: 0,
      late: 0,
      wrong: [],
    };
    const changing = Array.from({ length: CHANGING }, () => change(url, random, untilMs, tally));
    const memory: number[] = [];
    const descriptors: number[] = [];
    const health: number[] = [];
    while (performance.now() < untilMs) {
      const began = performance.now();
      await (await fetch(`${url}/healthz`)).text();
      health.push(performance.now() - began);
      memory.push(memoryOf(pid));
      descriptors.push(readdirSync(`/proc/${pid}/fd`).length);
      await after(500);
    }
    await Promise.all(changing);
    const { wrong, ...counts } = tally;
    const third = Math.floor(memory.length / 3);
    const [early, end] = [median(memory.slice(third, 2 * third)), median(memory.slice(2 * third))];
    const fds = [median(descriptors.slice(third, 2 * third)), median(descriptors.slice(2 * third))];
    console.log(`\n   ${MINUTES} minutes: ${JSON.stringify(counts)}`);
    console.log(
      `   memory ${early} → ${end} MiB (most ${Math.max(...memory)}), descriptors ${fds.join(" → ")}`,
    );
    console.log(
      `   steady: ${steady.map(({ last }) => `${last.rows}+${last.dropped}`).join(", ")} rows`,
    );
    console.log(
      `   healthz p99 ${Math.round(health.sort((a, b) => a - b)[Math.floor(health.length * 0.99)]!)} ms`,
    );
    assert.equal(wrong, []);
    assert.equal(
      steady.map(({ closeCode }) => closeCode),
      steady.map(() => undefined),
    );
    assert.ok(tally.ended > 0);
    if (MINUTES >= 1) assert.ok(end <= early * 1.15 + 20, `memory ${early} → ${end} MiB`);
    assert.ok(fds[1]! <= fds[0]! + 10, "descriptors");
    for (const { socket } of steady) socket.terminate();
    serve.process.kill("SIGTERM");
    assert.is((await serve.end(15_000)).code, 0);
  } finally {
    serve.process.kill("SIGKILL");
    replay.process.kill("SIGKILL");
    await Promise.all([serve.ended, replay.ended]);
    await trace.remove();
  }
});

function memoryOf(pid: number): number {
  const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

test.run();
