/** The containers view in a real browser: its numbers, the way to a container's events and back, keys. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunningServer } from "../../src/server/server.ts";
import { get, withLive, withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { closeBrowser, isAccessible, state, texts, withPage } from "./tab.ts";

const plainTest = suite("browser/containers");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

/** The first column of numbers is the second of the table. */
const COLUMNS = ["cpu", "syscalls", "errors", "events"] as const;

async function rows(server: RunningServer, q: string): Promise<Record<string, number | string>[]> {
  const path = `/v1/query?format=ndjson&q=${encodeURIComponent(q)}`;
  const text = (await get(server, path)).body.toString().trimEnd();
  return text.split("\n").map((line) => JSON.parse(line));
}

test("shows what the queries answer, and leads to a container's events and back", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(`${server.url}/?view=containers`);
        const row = page.locator("#containers-table tbody tr", { hasText: "some-redis" });
        const cells = await texts(
          "every column",
          row.locator("td"),
          (all) => all.length === COLUMNS.length && !all.includes("–"),
        );
        const queries = [
          "|> slices |> x = usage(dt) by container",
          "|> syscalls |> x = count() by container",
          "|> syscalls |> x = count() if (ret < 0) by container",
          "|> x = count() by container",
        ];
        for (const [i, query] of queries.entries()) {
          const answer = (await rows(server, query)).find(
            (one) => one["container"] === "some-redis",
          );
          const shown = Number.parseFloat(cells[i]!.replaceAll(",", ""));
          assert.ok(Math.abs(shown - Number(answer?.["x"])) < 0.001, `${COLUMNS[i]}: ${cells[i]}`);
        }
        await isAccessible(page, "containers");
        await row.locator("button").click();
        await state(page, "ended");
        assert.is(await page.inputValue("#where"), '$container.name == "some-redis"');
        const events = cells[3]!;
        await texts("its events", page.locator("#rows"), ([text]) => text === events);
        await page.goBack();
        await row.waitFor();
        assert.match(page.url(), /view=containers/);
        await page.reload();
        await row.waitFor();
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("is used by keys alone", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page) => {
        await page.goto(server.url);
        await state(page, "ended");
        await page.locator("#result").focus();
        await page.keyboard.press("?");
        await page.locator("#help").waitFor();
        await isAccessible(page, "keys");
        await page.keyboard.press("Escape");
        await page.keyboard.press("2");
        await page.locator("#containers-table tbody tr").nth(3).waitFor();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Enter");
        await state(page, "ended");
        assert.match(await page.inputValue("#where"), /^\$container\.name == "/);
        await page.locator("#result").focus();
        await page.keyboard.press("/");
        assert.is(await page.evaluate("document.activeElement.id"), "where");
      },
      { bypassCSP: true },
    );
  });
});

test("follows a live session second by second, and stands still while paused", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page, complaints) => {
        await page.goto(`${server.url}/?view=containers`);
        const cells = page.locator("#containers-table tbody td");
        const before = await texts("numbers", cells, (all) => all.length > 8);
        await texts("other numbers", cells, (all) => all.join() !== before.join());
        await page.click("#pause");
        const frozen = await cells.allTextContents();
        await page.waitForTimeout(1500);
        assert.equal(await cells.allTextContents(), frozen);
        assert.equal(complaints, []);
      });
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

plainTest.run();
