/** The page in a real browser: what it shows, and that its security policy lets it work. */

import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PAGE, PAGE_POLICY } from "../../src/server/page.ts";
import type { RunningServer } from "../../src/server/server.ts";
import { get, SMALL_ROWS, table, withLive, withRecorded } from "../server/lab.ts";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { address, ask, closeBrowser, picture, rowsAtEnd, state, withPage } from "./tab.ts";

const plainTest = suite("browser/page");
const test = needs(plainTest, ["chromium"]);

plainTest.after(closeBrowser);

/** A number that the page shows, once it is what it should be. */
function total(page: Page, id: string, isEnough: (value: number) => boolean): Promise<number> {
  return eventually(`${id} is what it should be`, async () => {
    const text = (await page.locator(`#${id}`).textContent()) ?? "";
    const value = Number(text.replaceAll(",", ""));
    return isEnough(value) ? value : undefined;
  });
}

function rows(page: Page, atLeast: number): Promise<number> {
  return total(page, "rows", (value) => value >= atLeast);
}

async function column(page: Page, name: string): Promise<string[]> {
  const heads = await page.locator("#head th").allTextContents();
  const place = heads.indexOf(name) + 1;
  assert.ok(place > 0, `${name} is one of ${heads}`);
  return page.locator(`#body [data-place] td:nth-child(${place})`).allTextContents();
}

function url({ url }: RunningServer): string {
  return `${url}/?view=events`;
}

test("shows the rows of a recorded trace, and counts them all", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page, complaints) => {
      await page.goto(url(server));
      assert.is(await rowsAtEnd(page), SMALL_ROWS);
      const shown = await page.locator("#body [data-place]").count();
      assert.ok(shown > 10 && shown < 80, `${shown} rows are elements`);
      assert.is(await page.getAttribute("#events", "aria-rowcount"), String(SMALL_ROWS + 1));
      const [newest = "", ...older] = await column(page, "timestamp");
      assert.match(newest, /^\d\d:\d\d:\d\d\.\d{9}$/);
      assert.ok(older.every((time, i) => time <= (older[i - 1] ?? newest)));
      assert.match((await column(page, "payload")).join("\n"), /prev_comm=\S+ {2}prev_tid=\d+/);
      assert.is(await page.locator("#error").isVisible(), false);
      await picture(page, "recorded");
      assert.equal(complaints, []);
    });
  });
});

/** What the page shows at the very moment in which it says that a query has ended. */
const WATCH_END = `addEventListener("DOMContentLoaded", () => {
  const state = document.getElementById("state");
  new MutationObserver(() => {
    if (state.textContent !== "ended") return;
    const rows = document.querySelectorAll("#body [data-place], #answer-table tbody tr").length;
    (globalThis.ends ??= []).push(document.getElementById("rows").textContent + " " + (rows > 0));
  }).observe(state, { childList: true, characterData: true, subtree: true });
});`;

test("shows figures, rows and state of one moment", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page) => {
      await page.addInitScript(WATCH_END);
      await page.goto(url(server));
      await rowsAtEnd(page);
      await ask(page, "|> count() by event");
      const types = await rowsAtEnd(page, (rows) => rows < SMALL_ROWS);
      const all = SMALL_ROWS.toLocaleString("en-US");
      assert.equal(await page.evaluate("globalThis.ends"), [`${all} true`, `${types} true`]);
    });
  });
});

test("shows rows and their rate while a session runs", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page, complaints) => {
        await page.goto(url(server));
        await state(page, "running");
        await rows(page, 100);
        await total(page, "rate", (value) => value > 0);
        const before = await rows(page, 0);
        await rows(page, before + 1);
        await picture(page, "live");
        await page.click("#stop");
        await state(page, "stopped");
        assert.equal(complaints, []);
      });
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

test("shows which container a live query waits for, and which are known", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page, complaints) => {
        await page.goto(url(server));
        await rows(page, 100);
        await ask(page, '$container.name == "some-reddis"');
        // The note grows with the names that become known.
        const hasText =
          /^waiting for container some-reddis; known: .*some-redis.*; did you mean some-redis\?$/m;
        await page.locator("#note", { hasText }).waitFor();
        await total(page, "rows", (value) => value === 0);
        await picture(page, "waiting");
        await ask(page, '$container.name == "some-redis"');
        await rows(page, 1);
        // A busy machine may lose or delay events, which are notes of their own.
        assert.not.match((await page.textContent("#note")) ?? "", /some-reddis/);
        await picture(page, "named");
        assert.equal(complaints, []);
      });
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

test("narrows the rows to a filter, and keeps it in the address", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page, complaints) => {
      const where = '$ctx.procname == "redis*"';
      const query = `/v1/query?select=&where=${encodeURIComponent(where)}`;
      const count = table(await get(server, query)).numRows;
      assert.ok(count > 0 && count < SMALL_ROWS);
      await page.goto(url(server));
      await rows(page, SMALL_ROWS);
      await ask(page, where);
      await rowsAtEnd(page, (value) => value === count);
      await eventually("only rows of redis are shown", async () => {
        const names = await column(page, "procname");
        return (names.length > 0 && names.every((name) => name.startsWith("redis"))) || undefined;
      });
      await page.reload();
      assert.is(await page.inputValue("#where"), where);
      await rowsAtEnd(page, (value) => value === count);
      assert.equal(complaints, []);
    });
  });
});

test("shows what is wrong with a filter, with a caret under the place", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page, complaints) => {
      await page.goto(url(server));
      const message = page.locator("#error");
      await ask(page, "ret == == 1");
      await state(page, "failed");
      await message.filter({ hasText: /^\w[^\n]*\nret == == 1\n {7}\^~?$/ }).waitFor();
      await picture(page, "error");
      await ask(page, "rett < 0");
      const hasText = /\(did you mean ret\?\).*\nrett < 0\n\^~~~$/;
      await message.filter({ hasText }).waitFor();
      await ask(page, "ret < 0");
      await state(page, "ended");
      assert.is(await message.isVisible(), false);
      assert.equal(complaints, []);
    });
  });
});

test("shows the columns that are chosen, and keeps them in the address", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page) => {
      await page.goto(url(server));
      await state(page, "ended");
      assert.is(await page.locator("#head th", { hasText: "pid_ns" }).count(), 0);
      await page.click("#columns summary");
      await page.getByLabel("pid_ns", { exact: true }).check();
      await page.getByLabel("ppid", { exact: true }).uncheck();
      await page.locator("#head th", { hasText: "pid_ns" }).waitFor();
      await address(page, /columns=[^&]*pid_ns/);
      await page.reload();
      await page.locator("#head th", { hasText: "pid_ns" }).waitFor();
      assert.is(await page.locator("#head th", { hasText: "ppid" }).count(), 0);
    });
  });
});

test("asks for the token, says when it is wrong, and remembers the right one", async () => {
  const token = "for.this~test+only";
  await withRecorded(
    async (server) => {
      await withPage(async (page) => {
        await page.goto(url(server));
        await state(page, "needs a token");
        assert.is(await page.locator("#error").isVisible(), false);
        await picture(page, "token");
        await page.click("text=Run");
        await state(page, "needs a token");
        for (const wrong of ["not the token", "not-the-token"]) {
          await page.fill("#token", wrong);
          await page.press("#token", "Enter");
          await page.locator("#error", { hasText: "token" }).waitFor();
          await state(page, "needs a token");
          await page.locator("#token").waitFor();
        }
        await page.fill("#token", token);
        await page.press("#token", "Enter");
        assert.is(await rowsAtEnd(page), SMALL_ROWS);
        assert.is(await page.locator("#access").isVisible(), false);
        await page.reload();
        await state(page, "ended");
      });
    },
    { token },
  );
});

test("takes the token from a link, and hides it from the address", async () => {
  const token = "for.this~test_only";
  await withRecorded(
    async (server) => {
      await withPage(async (page, complaints) => {
        await page.goto(`${server.url}/?q=ret%20%3C%200#token=${token}`);
        await state(page, "ended");
        await address(page, /\/\?q=ret%20%3C%200$/);
        assert.is(await page.inputValue("#where"), "ret < 0");
        assert.equal(complaints, []);
      });
    },
    { token },
  );
});

/** Of the page with its script and style, compressed. */
const MOST_BYTES = 80_000;

plainTest("is small, and its policy allows its own script and style only", () => {
  const bytes = gzipSync(PAGE).length;
  console.log(`the page has ${bytes} bytes, compressed`);
  assert.ok(bytes < MOST_BYTES, `${bytes}`);
  assert.not.match(PAGE_POLICY, /unsafe|\*/);
  assert.not.match(PAGE, /<[^>]+ (style|on\w+)=/);
});

plainTest.run();
