/**
 * The events of a busy session on the page: frames drawn, heap and rows over minutes; a hidden tab; a network that is gone for a
 * while. `SOAK_MINUTES=10` for longer; by default some seconds. Figures are printed.
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { CDPSession, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Child, eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";
import { closeBrowser, rowsAtEnd, state, withPage } from "./tab.ts";

const plainTest = suite("browser/long");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 0.15);
const isLong = MINUTES >= 1;
/** The trace has 1700 events a second. */
const SPEED = "36";
const RATE = 60_000;
const FRAMES =
  "globalThis.frames = 0; const count = () => { frames++; if (!document.hidden) requestAnimationFrame(count); }; count();";

const after = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A replayed session at that pace and its server, each a process of its own. */
async function withBusySession(work: (url: string) => Promise<void>): Promise<void> {
  const trace = await recordedTrace("small");
  const replay = new Child(process.execPath, [
    ...[MAIN, "replay", trace.path, "--speed", SPEED, "--loop", "--now", "--listen", "127.0.0.1:0"],
  ]);
  let serve: Child | undefined;
  try {
    await replay.until("listened", () => replay.lines.length > 0);
    serve = new Child(process.execPath, [
      ...[MAIN, "serve", /net:\S+/.exec(replay.stdout)![0], "--listen", "127.0.0.1:0"],
      ...["--no-token", "--retain", "256MiB"],
    ]);
    await serve.until("printed its address", () => serve!.lines.length > 0);
    await work(serve.lines[0]!);
  } finally {
    serve?.process.kill("SIGKILL");
    replay.process.kill("SIGKILL");
    await Promise.all([serve?.ended, replay.ended]);
    await trace.remove();
  }
}

/** The network between page and server, which can be cut. */
class Wire {
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #port: number;
  isCut = false;

  constructor(url: string) {
    this.#port = Number(new URL(url).port);
  }

  async open(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #join(socket: Socket): void {
    if (this.isCut) return void socket.destroy();
    const to = connect(this.#port, "127.0.0.1");
    for (const [one, other] of [
      [socket, to],
      [to, socket],
    ] as const) {
      this.#sockets.add(one);
      one
        .on("error", () => other.destroy())
        .on("close", () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      one.pipe(other);
    }
  }
}

async function figure(page: Page, id: string): Promise<number> {
  return Number(((await page.textContent(`#${id}`)) ?? "").replaceAll(",", ""));
}

/** MB that are reachable. */
async function heap(session: CDPSession): Promise<number> {
  await session.send("HeapProfiler.collectGarbage");
  const {
    usedSize,
    embedderHeapUsedSize = 0,
    backingStorageSize = 0,
  } = (await session.send("Runtime.getHeapUsage")) as {
    usedSize: number;
    embedderHeapUsedSize?: number;
    backingStorageSize?: number;
  };
  return Math.round((usedSize + embedderHeapUsedSize + backingStorageSize) / 1e6);
}

/** Seconds in which the page's thread worked. */
async function worked(session: CDPSession): Promise<number> {
  const { metrics } = await session.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0;
}

function see(page: Page, isHidden: boolean): Promise<unknown> {
  return page.evaluate(
    `Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
     document.dispatchEvent(new Event("visibilitychange"))`,
  );
}

test("draws the rows of a busy session with a heap that stays flat, and rests while hidden", async () => {
  await withBusySession(async (url) => {
    await withPage(async (page, complaints) => {
      const session = await page.context().newCDPSession(page);
      await session.send("Performance.enable");
      await page.goto(`${url}/?view=events`);
      await state(page, "running");
      await page.locator("#body [data-place]").first().waitFor();
      await page.evaluate(FRAMES);
      const heaps: number[] = [];
      const frames: number[] = [];
      const began = performance.now();
      const step = (MINUTES * 60_000) / 20;
      while (performance.now() - began < MINUTES * 60_000) {
        const [from, since] = [await page.evaluate<number>("frames"), performance.now()];
        await after(step);
        const drawn = (await page.evaluate<number>("frames")) - from;
        frames.push(Math.round((drawn * 1000) / (performance.now() - since)));
        heaps.push(await heap(session));
      }
      const seconds = (performance.now() - began) / 1000;
      const [rows, dropped] = [await figure(page, "rows"), await figure(page, "dropped")];
      frames.sort((a, b) => a - b);
      console.log(
        `\n   ${MINUTES} minutes: ${Math.round((rows + dropped) / seconds)} rows/s, ${rows} taken, ${dropped} dropped and shown so`,
      );
      console.log(`   frames a second: least ${frames[0]}, median ${frames[10]}`);
      console.log(`   heap, MB: ${heaps.join(" ")}`);
      assert.ok(rows > 0);
      if (isLong) {
        // Rows fill what is kept, 128 MiB, then give way.
        const [early, late] = [Math.max(...heaps.slice(5, 10)), Math.max(...heaps.slice(15))];
        assert.ok(late <= early * 1.2 + 20, `heap ${early} → ${late} MB`);
      }
      await see(page, true);
      await after(isLong ? 25_000 : 2000);
      const before = await worked(session);
      await after(isLong ? 30_000 : 2000);
      const cost = (await worked(session)) - before;
      console.log(
        `   hidden: ${Math.round((cost / (isLong ? 30 : 2)) * 1000)} ms of work a second`,
      );
      const hidden = await figure(page, "rows");
      await see(page, false);
      await eventually("other rows", async () => {
        return (await figure(page, "rows")) !== hidden || undefined;
      });
      await state(page, "running");
      assert.equal(complaints, []);
    });
  });
});

test("goes on after the network was gone, with every row taken or counted as dropped", async () => {
  await withBusySession(async (url) => {
    const wire = new Wire(url);
    const seconds = isLong ? 50 : 3;
    const limit = RATE * (isLong ? 90 : 10);
    try {
      const near = await wire.open();
      await withPage(async (page) => {
        const query = encodeURIComponent(`|> select timestamp, event |> limit ${limit}`);
        await page.goto(`${near}/?q=${query}`);
        await page.locator("#body [data-place]").first().waitFor();
        wire.cut();
        await state(page, "disconnected since");
        await after(seconds * 1000);
        wire.isCut = false;
        await state(page, "running");
        const rows = await rowsAtEnd(page);
        const dropped = await figure(page, "dropped");
        console.log(
          `\n   gone for ${seconds} s: ${rows} rows taken, ${dropped} dropped, of ${limit}`,
        );
        assert.is(rows + dropped, limit);
      });
    } finally {
      wire.close();
    }
  });
});

plainTest.run();
