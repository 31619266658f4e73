/**
 * A page whose network is gone, or whose machine sleeps, for a while: it goes on, and every row is taken or counted.
 * `LID_SECONDS=60` for a minute; by default some seconds. Figures are printed.
 */

import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MANY_BATCHES, SMALL_ROWS, withRecorded } from "../server/lab.ts";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { after, figure, RATE, withBusySession } from "./busy.ts";
import { ask, closeBrowser, rowsAtEnd, state, withPage } from "./tab.ts";
import { closeLid, Wire } from "./wire.ts";

const plainTest = suite("browser/lid");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

const SECONDS = Number(process.env["LID_SECONDS"] ?? 3);
/** More than comes meanwhile. */
const LIMIT = Math.round(RATE * (SECONDS * 1.5 + 5));
/** Of the answer of a recorded trace, in which three batches have 17 MiB: less than the first of them, and less than the second. */
const WITHIN_FIRST = 4 << 20;
const WITHIN_SECOND = 12 << 20;

async function everyRow(page: Page, what: string, limit: number = LIMIT): Promise<number> {
  const rows = await rowsAtEnd(page);
  const dropped = await figure(page, "dropped");
  console.log(`\n   ${what} ${SECONDS} s: ${rows} rows taken, ${dropped} dropped, of ${limit}`);
  assert.is(rows + dropped, limit);
  return dropped;
}

/** A page on a wire that shows the live events, as many as the limit. */
async function withLivePage(
  work: (page: Page, wire: Wire) => Promise<void>,
  retain?: string,
): Promise<void> {
  await withBusySession(async (url) => {
    const wire = new Wire(url);
    try {
      const near = await wire.open();
      await withPage(async (page) => {
        const query = encodeURIComponent(`|> select timestamp, event |> limit ${LIMIT}`);
        await page.goto(`${near}/?q=${query}`);
        await page.locator("#body [data-place]").first().waitFor();
        await work(page, wire);
      });
    } finally {
      wire.close();
    }
  }, retain);
}

/** A page in the middle of a recorded trace: nothing more reaches it. */
async function withRecordedPage(
  bytes: number,
  work: (page: Page, wire: Wire) => Promise<void>,
): Promise<void> {
  await withRecorded(
    async (server) => {
      const wire = new Wire(server.url);
      try {
        const near = await wire.open();
        await withPage(async (page) => {
          await page.goto(`${near}/?view=losses`);
          await page.locator("#losses-view table").first().waitFor();
          await after(1000);
          wire.allow(bytes);
          const [time, ...payloads] = MANY_BATCHES;
          const columns = payloads.map((name, i) => `${name} as c${i}`);
          await ask(page, `|> select ${[time, ...columns].join(", ")}`);
          await eventually("a part of the answer", () => wire.isSpent || undefined, 30_000);
          await work(page, wire);
        });
      } finally {
        wire.close();
      }
    },
    { retainBytes: 64 << 20 },
  );
}

test("live: goes on after the network was gone", async () => {
  await withLivePage(async (page, wire) => {
    wire.cut();
    await state(page, "disconnected since");
    await after(SECONDS * 1000);
    wire.mend();
    await state(page, "running");
    assert.is(await everyRow(page, "live, no network for"), 0, "all of it was retained");
  });
});

test("live: counts what the server could not retain while the lid was closed", async () => {
  await withLivePage(async (page) => {
    const openLid = closeLid();
    try {
      await after(SECONDS * 1000);
    } finally {
      openLid();
    }
    await everyRow(page, "live, lid closed for");
  }, "1MiB");
});

for (const [when, bytes] of [
  ["before its first batch", WITHIN_FIRST],
  ["within its second batch", WITHIN_SECOND],
] as const)
  test(`recorded, ${when}: goes on after the network was gone, without a row missing or twice`, async () => {
    await withRecordedPage(bytes, async (page, wire) => {
      wire.cut();
      await state(page, "disconnected since");
      await after(SECONDS * 1000);
      wire.mend();
      assert.is(await everyRow(page, `recorded, ${when}, no network for`, SMALL_ROWS), 0);
    });
  });

test("recorded: goes on after the lid was closed, without a row missing or twice", async () => {
  await withRecordedPage(WITHIN_SECOND, async (page, wire) => {
    const openLid = closeLid();
    try {
      await after(SECONDS * 1000);
    } finally {
      openLid();
    }
    // Connections do not outlive the sleep.
    wire.cut();
    wire.mend();
    assert.is(await everyRow(page, "recorded, lid closed for", SMALL_ROWS), 0);
  });
});

plainTest.run();
