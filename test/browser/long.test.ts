/**
 * The events of a busy session on the page: frames drawn, heap and rows over minutes; a hidden tab. `SOAK_MINUTES=10` for
 * longer; by default some seconds. Figures are printed.
 */

import type { CDPSession, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { after, figure, withBusySession } from "./busy.ts";
import { closeBrowser, state, withPage } from "./tab.ts";

const plainTest = suite("browser/long");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

const MINUTES = Number(process.env["SOAK_MINUTES"] ?? 0.15);
const isLong = MINUTES >= 1;
const FRAMES =
  "globalThis.frames = 0; const count = () => { frames++; if (!document.hidden) requestAnimationFrame(count); }; count();";

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

plainTest.run();
