/** Queries with stages in a real browser: completion, errors that are mended by a click, answers as table and chart. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { get, SMALL_ROWS, withLive, withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import {
  address,
  ask,
  closeBrowser,
  isAccessible,
  picture,
  queryIs,
  rowsAtEnd,
  state,
  texts,
  withPage,
} from "./tab.ts";

const plainTest = suite("browser/answers");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

const BY_SYSCALL = "|> syscalls |> count(), slow = p99(dt) by syscall";

test("shows a total as a table, which a click sorts, and as bars", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(`${server.url}/?q=${encodeURIComponent(BY_SYSCALL)}`);
        await state(page, "ended");
        const path = `/v1/query?format=ndjson&q=${encodeURIComponent(BY_SYSCALL)}`;
        const lines = (await get(server, path)).body.toString().trimEnd().split("\n");
        const counts = lines.map((line) => (JSON.parse(line) as { count: number }).count);
        counts.sort((a, b) => b - a);
        await page.click("#answer-table button:text-is('count')");
        const shown = page.locator("#answer-table tbody td:nth-child(2)");
        const expected = counts.map((one) => one.toLocaleString("en-US"));
        await texts("sorted by count", shown, (all) => all.join() === expected.join());
        assert.is(
          await page.getAttribute("#answer-table th:nth-child(2)", "aria-sort"),
          "descending",
        );
        assert.is(await page.locator("#chart rect").count(), Math.min(12, counts.length));
        // Whatever a column is called: what its numbers count says how they are read.
        const slow = page.locator("#answer-table tbody td:nth-child(3)").first();
        assert.match(await slow.innerText(), /^[\d.]+ (ns|µs|ms|s)$/);
        assert.match((await slow.getAttribute("title"))!, /^[\d,]+ ns$/);
        await page.click("#chart button:text-is('slow')");
        assert.match(await page.locator("#chart text").last().innerHTML(), /^[\d.]+ (ns|µs|ms|s)$/);
        await isAccessible(page, "a total");
        await picture(page, "total");
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("shows the last window as a table and all of them as lines", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page) => {
        await page.goto(`${server.url}/?view=events`);
        await ask(page, "|> syscalls |> count() by container every 500ms");
        await state(page, "ended");
        const windows = page.locator("#answer-table tbody td:first-child");
        const all = await texts("a window", windows, (some) => some.length > 2);
        assert.is(new Set(all).size, 1, "rows of one window only");
        await page.locator("#chart path.line").nth(2).waitFor();
        const first = await page.locator("#chart path.line").first().getAttribute("d");
        assert.ok((first?.match(/[ML]/g) ?? []).length > 5, first ?? "");
        await isAccessible(page, "lines");
        await picture(page, "lines");
      },
      { bypassCSP: true, colorScheme: "dark" },
    );
  });
});

test("replaces the answer so far of a live session by the next one", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page, complaints) => {
        await page.goto(`${server.url}/?view=events`);
        await ask(page, "|> count() by event");
        const counts = page.locator("#answer-table tbody td:nth-child(2)");
        const [first] = await texts("an answer", counts, (some) => some.length > 5);
        const names = page.locator("#answer-table tbody td:nth-child(1)");
        await texts("the next answer", counts, (some) => some.length > 5 && some[0] !== first);
        const events = await names.allTextContents();
        assert.is(new Set(events).size, events.length, "each event stands there once");
        await page.keyboard.press("Tab");
        await page.locator("#result").focus();
        await page.keyboard.press("Space");
        await state(page, "paused");
        await address(page, /paused=1/);
        const frozen = await counts.allTextContents();
        await page.locator("#state", { hasText: /paused, [1-9]/ }).waitFor();
        assert.equal(await counts.allTextContents(), frozen);
        await page.keyboard.press("Space");
        await state(page, "running");
        assert.equal(complaints, []);
      });
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

test("completes what is typed, by keys and by clicks", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page) => {
        await page.goto(`${server.url}/?view=events`);
        await state(page, "ended");
        await page.locator("#result").focus();
        await page.keyboard.press("/");
        await page.keyboard.type("|> sysc");
        await page.locator("#completions [role=option]", { hasText: "syscalls" }).waitFor();
        await isAccessible(page, "completion");
        await page.keyboard.press("Tab");
        assert.is(await page.inputValue("#where"), "|> syscalls");
        await page.keyboard.type(" |> count() by conta");
        const option = page.locator("#completions [role=option]", { hasText: /^container/ });
        await option.first().click();
        assert.is(await page.inputValue("#where"), "|> syscalls |> count() by container");
        await page.keyboard.press("Escape");
        await page.keyboard.press("Enter");
        await page.locator("#answer-table tbody tr").nth(2).waitFor();
      },
      { bypassCSP: true },
    );
  });
});

test("offers the nearest name for a mistaken one, in filters, stages and columns", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page) => {
        await page.goto(`${server.url}/?view=events`);
        const slips = [
          ["rett < 0", "ret", "ret < 0"],
          ["|> syscallz |> count()", "syscalls", "|> syscalls |> count()"],
          ["|> syscalls |> count() by sycall", "syscall", "|> syscalls |> count() by syscall"],
        ] as const;
        for (const [wrong, name, right] of slips) {
          await ask(page, wrong);
          const fix = page.locator("#fix button", { hasText: `Use ${name}` });
          await fix.waitFor();
          assert.match((await page.textContent("#error")) ?? "", /\n *\^~+$/);
          await isAccessible(page, wrong);
          await fix.click();
          await state(page, "ended");
          assert.is(await page.inputValue("#where"), right);
          assert.is(await page.locator("#error").isVisible(), false);
        }
        await page.goBack();
        await queryIs(page, slips[2][0]);
        await page.goto(`${server.url}/?view=events`);
        await rowsAtEnd(page, (rows) => rows === SMALL_ROWS);
      },
      { bypassCSP: true },
    );
  });
});

plainTest.run();
