/** The first visit in a real browser: what is attached, queries that give rows, the tour; and what a token grants. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { closeBrowser, isAccessible, picture, state, withPage } from "./tab.ts";

const plainTest = suite("browser/visit");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

test("explains itself: what is attached, and three queries that give rows", async () => {
  await withRecorded(async (server, directory) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(server.url);
        await page.locator("#welcome li", { hasText: directory }).waitFor();
        await page.locator("#welcome-containers", { hasText: "some-redis" }).waitFor();
        const examples = page.locator("#welcome-examples button");
        await examples.nth(2).waitFor();
        await isAccessible(page, "first visit");
        await picture(page, "welcome");
        const query = (await examples.nth(1).textContent()) ?? "";
        await examples.nth(1).click();
        await state(page, "ended");
        assert.is(await page.inputValue("#where"), query);
        await page.locator("#answer-table tbody tr").first().waitFor();
        assert.equal(complaints, []);
      },
      { bypassCSP: true, isFirstVisit: true },
    );
  });
});

test("has a tour of five steps, and is dismissed for good", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(server.url);
        await page.click("#welcome-tour");
        for (let step = 1; step <= 5; step++) {
          await page.locator("#tour-title", { hasText: `${step} of 5` }).waitFor();
          assert.is(await page.locator(".pointed").count(), 1);
          if (step === 2) await isAccessible(page, "tour");
          if (step === 4) await picture(page, "tour");
          await page.keyboard.press("Enter");
        }
        assert.is(await page.locator("#tour").isVisible(), false);
        await page.goto(server.url);
        await page.locator("#containers tbody tr").first().waitFor();
        assert.is(await page.locator("#welcome").isVisible(), false);
        await page.click("#welcome-open");
        await page.locator("#welcome").waitFor();
        assert.equal(complaints, []);
      },
      { bypassCSP: true, isFirstVisit: true },
    );
  });
});

test("says what its token hides", async () => {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-visit-"));
  const tokenFile = join(folder, "tokens.json");
  const tokens = [{ name: "developer", token: "of-a-developer", hide: ["next_comm", "procname"] }];
  writeFileSync(tokenFile, JSON.stringify({ tokens }));
  try {
    await withRecorded(
      async (server) => {
        await withPage(
          async (page) => {
            await page.goto(`${server.url}/?view=events#token=of-a-developer`);
            await state(page, "ended");
            assert.is(
              await page.textContent("#grant"),
              "token developer, read only; hidden from it: next_comm, procname",
            );
            const heads = await page.locator("#head th").allTextContents();
            assert.ok(heads.includes("payload") && !heads.includes("procname"), heads.join());
            await isAccessible(page, "a token");
            await picture(page, "token-scope");
          },
          { bypassCSP: true },
        );
      },
      { tokenFile },
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("keeps the scheme that is chosen", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page) => {
      await page.goto(server.url);
      const back = "getComputedStyle(document.body).backgroundColor";
      const light = await page.evaluate(back);
      await page.selectOption("#theme", "dark");
      assert.is.not(await page.evaluate(back), light);
      await page.reload();
      assert.is.not(await page.evaluate(back), light);
    });
  });
});

plainTest.run();
