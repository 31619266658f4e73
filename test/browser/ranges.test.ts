/** Ranges of time in a real browser: brushed, moved by keys, kept in the address, compared; and what is exported of them. */

import { readFileSync } from "node:fs";
import { tableFromIPC } from "apache-arrow";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { get, withLive, withRecorded } from "../server/lab.ts";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { address, closeBrowser, isAccessible, picture, rowsAtEnd, state, withPage } from "./tab.ts";

const plainTest = suite("browser/ranges");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

async function drag(page: Page, from: number, to: number): Promise<void> {
  const box = await page.locator("#overview-strip").boundingBox();
  assert.ok(box);
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * ((from + to) / 2), y);
  await page.mouse.move(box.x + box.width * to, y);
  await page.mouse.up();
}

/** The range that an address keeps, as parameters of a query. */
function rangeOf(page: Page): string {
  const { searchParams } = new URL(page.url());
  const end = BigInt(searchParams.get("end") ?? "0") - 1n;
  return `begin=${searchParams.get("begin")}&end=${end}`;
}

test("narrows to a range by dragging and by keys, and keeps it in the address", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(`${server.url}/?view=events`);
        const all = await rowsAtEnd(page);
        await page.locator("#overview-chart svg .bar").waitFor();
        await drag(page, 0.5, 0.75);
        const some = await rowsAtEnd(page, (rows) => rows > 0 && rows < all);
        await address(page, /begin=\d{19}&end=\d{19}/);
        const direct = await get(server, `/v1/query?format=csv&select=timestamp&${rangeOf(page)}`);
        assert.is(some, direct.body.toString().trimEnd().split("\n").length - 1);
        const before = page.url();
        await page.getByRole("slider", { name: "end of the range" }).focus();
        await page.keyboard.press("Shift+ArrowLeft");
        await eventually("a shorter range", async () => page.url() !== before || undefined);
        const shorter = await rowsAtEnd(page, (rows) => rows < some);
        await isAccessible(page, "a range");
        await picture(page, "range");
        await page.reload();
        assert.is(await rowsAtEnd(page), shorter);
        await page.click("#range-all");
        await rowsAtEnd(page, (rows) => rows === all);
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("compares two ranges by container and system call", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(`${server.url}/?view=compare`);
        await page.locator("#overview-chart svg .bar").waitFor();
        await drag(page, 0.7, 0.95);
        await page.keyboard.down("Shift");
        await drag(page, 0.45, 0.69);
        await page.keyboard.up("Shift");
        const row = page.locator("#compare tbody tr", { hasText: "some-redis" });
        await row.nth(1).waitFor();
        await address(page, /begin=\d+&end=\d+&begin2=\d+&end2=\d+/);
        const heads = await page
          .locator("#compare table")
          .nth(1)
          .locator("thead th")
          .allTextContents();
        assert.equal(heads.slice(0, 5), ["container", "syscall", "A", "B", "A − B"]);
        const cells = await page
          .locator("#compare table")
          .nth(1)
          .locator("tbody tr")
          .first()
          .locator("th, td")
          .allTextContents();
        const [a = 0, b = 0, difference = 0] = cells
          .slice(2, 5)
          .map((text) => Number(text.replace(/[^\d.-]/g, "")));
        assert.ok(Math.abs(a - b - difference) < 0.02 * Math.max(a, b), cells.join());
        await isAccessible(page, "comparison");
        await picture(page, "compare");
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("compares two ranges of a live session, as far as the page has seen them", async () => {
  await withLive(
    async (server) => {
      await withPage(
        async (page, complaints) => {
          await page.goto(server.url);
          await page.locator("#overview-chart svg .bar").waitFor();
          await page.click("#range-compare");
          const when = page.locator("#compare .when");
          await when.filter({ hasText: /seconds can be compared since \d\d:\d\d:\d\d/ }).waitFor();
          await page.waitForTimeout(12_000);
          // The strip shows five minutes, the last on the right.
          await drag(page, 1 - 4 / 300, 0.9999);
          await page.keyboard.down("Shift");
          await drag(page, 1 - 60 / 300, 1 - 5 / 300);
          await page.keyboard.up("Shift");
          const row = page.locator("#compare tbody tr", { hasText: "some-redis" });
          await row.nth(1).waitFor();
          // B begins before the view was opened.
          await when.filter({ hasText: /B: .*, \d+ of 55 s seen/ }).waitFor();
          await isAccessible(page, "a live comparison");
          await picture(page, "compare-live");
          assert.equal(complaints, []);
        },
        { bypassCSP: true },
      );
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

test("exports what is seen in every format, as pictures, and as commands", async () => {
  await withRecorded(async (server, directory) => {
    await withPage(
      async (page, complaints) => {
        const query = "|> syscalls |> count() by container";
        await page.goto(`${server.url}/?q=${encodeURIComponent(query)}`);
        await state(page, "ended");
        await page.locator("#chart svg").waitFor();
        await page.locator("#result").focus();
        await page.keyboard.press("e");
        await page.locator("#export").waitFor();
        await isAccessible(page, "export");
        await picture(page, "export");
        const file = async (button: string): Promise<Buffer> => {
          const [download] = await Promise.all([page.waitForEvent("download"), page.click(button)]);
          return readFileSync(await download.path());
        };
        assert.is(tableFromIPC(await file("[data-format=arrow]")).numRows, 7);
        assert.is((await file("[data-format=parquet]")).subarray(0, 4).toString(), "PAR1");
        assert.match((await file("[data-format=csv]")).toString(), /^container,count/);
        const lines = (await file("[data-format=ndjson]")).toString().trimEnd().split("\n");
        assert.is(lines.length, 7);
        const svg = (await file("#export-charts li:last-child [data-picture=svg]")).toString();
        assert.match(svg, /^<svg [^>]*xmlns=/);
        assert.not.match(svg, /class=/);
        const png = await file("#export-charts li:last-child [data-picture=png]");
        assert.is(png.subarray(1, 4).toString(), "PNG");
        const commands = await page.locator("#export .command").allTextContents();
        assert.is(commands[0], `tracewire query ${directory} '${query}'`);
        assert.is(commands[1], `tracewire cut --to cut ${directory}`);
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

plainTest.run();
