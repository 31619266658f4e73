/** Heat map and timeline in a real browser: what they draw is what their queries answer. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { RunningServer } from "../../src/server/server.ts";
import { get, withRecorded } from "../server/lab.ts";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { address, closeBrowser, isAccessible, picture, rowsAtEnd, state, withPage } from "./tab.ts";

const plainTest = suite("browser/charts");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

async function rows(server: RunningServer, q: string): Promise<Record<string, number>[]> {
  const path = `/v1/query?format=ndjson&q=${encodeURIComponent(q)}`;
  const text = (await get(server, path)).body.toString().trimEnd();
  return text.split("\n").map((line) => JSON.parse(line));
}

function number(text: string | null | undefined): number {
  return Number((/([\d,]+)/.exec(text ?? "")?.[1] ?? "").replaceAll(",", ""));
}

test("counts in its heat map what the query counts, in all and in one cell", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        const [answer] = await rows(server, "|> syscalls |> count()");
        await page.goto(`${server.url}/?view=syscalls`);
        const readout = page.locator(".heat output");
        await eventually("all calls are on the map", async () => {
          return number(await readout.textContent()) === answer?.["count"] || undefined;
        });
        await page.locator("#syscalls tbody tr").nth(2).waitFor();
        await isAccessible(page, "heat map");
        await picture(page, "heat-map");
        await page.locator(".heat").focus();
        await page.keyboard.press("ArrowLeft");
        for (let i = 0; i < 40; i++) await page.keyboard.press("ArrowDown");
        for (let i = 0; i < 30; i++) await page.keyboard.press("Shift+ArrowLeft");
        for (let i = 0; i < 12; i++) await page.keyboard.press("Shift+ArrowUp");
        const chosen = (await readout.textContent()) ?? "";
        const count = number(/: ([\d,]+);/.exec(chosen)?.[1]);
        assert.ok(count > 0, chosen);
        await page.keyboard.press("Enter");
        const shown = await rowsAtEnd(page, (rows) => rows > 0);
        assert.match(await page.inputValue("#where"), /\|> where dt >= [\d.]+ && dt < [\d.]+$/);
        await address(page, /begin=\d{19}&end=\d{19}/);
        // Calls that ended before the windows, within their own length, are listed, too.
        assert.ok(shown >= count && shown < count * 1.05 + 5, `${shown} of ${count}`);
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("lists failing calls by file, and leads to the calls with what they were given", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        const total = "fails = count() by container, syscall, ret, filename |> top 1 by fails";
        const [worst] = await rows(
          server,
          `|> syscalls |> where ret < 0 && filename == "*" |> ${total}`,
        );
        await page.goto(`${server.url}/?view=syscalls&sort=-fails`);
        const files = page.locator("#syscalls table[aria-label='failing calls by file'] tbody tr");
        const name = String(worst?.["filename"]);
        const row = files
          .filter({ hasText: name })
          .filter({ hasText: String(worst?.["container"]) });
        await row.first().waitFor();
        const cells = await row.first().locator("th, td").allTextContents();
        assert.equal(cells.slice(3), [name, String(worst?.["fails"])]);
        assert.match(cells[2] ?? "", /^E[A-Z]+$/);
        await isAccessible(page, "failing calls");
        await picture(page, "failing-files");
        await row.first().locator("button").click();
        await rowsAtEnd(page, (count) => count === worst?.["fails"]);
        const heads = await page.locator("#head th").allTextContents();
        assert.ok(heads.includes("filename") && heads.includes("errno"), heads.join());
        const tables = await page.locator("#body tr[data-place]").first().allTextContents();
        assert.match(tables[0] ?? "", /[\d.]+ (ns|µs|ms|s)/);
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("draws slices that sum up to the processor time, and leads to their events", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        const [answer] = await rows(server, "|> slices |> time = sum(dt), slices = count()");
        await page.goto(`${server.url}/?view=timeline`);
        const note = page.locator("#timeline .when");
        await note.filter({ hasText: /ns\)$/ }).waitFor();
        const text = (await note.textContent()) ?? "";
        assert.is(number(text), answer?.["slices"]);
        assert.is(number(/\(([\d,]+) ns\)/.exec(text)?.[1]), answer?.["time"]);
        await page.click("text=By thread");
        await page.locator("#timeline svg .wait").first().waitFor();
        await note.filter({ hasText: /waits$/ }).waitFor();
        await page.locator(".timeline").focus();
        const readout = page.locator("#timeline > output");
        await page.keyboard.press("ArrowRight");
        await readout.filter({ hasText: /ran|waited/ }).waitFor();
        for (let i = 0; i < 30; i++) {
          await page.keyboard.press("ArrowRight");
          if (/waited/.test((await readout.textContent()) ?? "")) break;
        }
        const found = (await readout.textContent()) ?? "";
        assert.match(found, / \d+ waited [\d.]+ \S+: \w+/);
        // Whoever gets the link sees the same wait.
        await address(page, /chosen=\d{19}-\d+/);
        await page.reload();
        await readout.filter({ hasText: found }).waitFor();
        await page.locator(".timeline").focus();
        await isAccessible(page, "timeline");
        await picture(page, "timeline-chosen");
        await page.keyboard.press("w");
        await page.keyboard.press("d");
        await address(page, /begin=\d{19}/);
        await page.locator(".timeline").focus();
        await page.keyboard.press("ArrowRight");
        await page.keyboard.press("Enter");
        await state(page, "ended");
        assert.match(await page.inputValue("#where"), /^\$ctx\.tid == \d+$/);
        await page.goBack();
        await page.locator("#timeline svg").waitFor();
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("shows how busy lanes were where slices are too many, and each slice of a shorter range", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        // What is too many is on the page, so that a small trace has too many here.
        await page.addInitScript(
          "addEventListener('DOMContentLoaded', () => { timeline.dataset.most = '200'; })",
        );
        await page.goto(`${server.url}/?view=timeline`);
        const note = page.locator("#timeline .when");
        await note.filter({ hasText: /^More than 200 .* shows each$/ }).waitFor();
        const window =
          /in windows of (\S+ \S+)\./.exec((await note.textContent()) ?? "")?.[1] ?? "";
        const every = window.replace(" ", "");
        const answer = await rows(server, `|> slices |> busy = usage(dt) by cpu_id every ${every}`);
        const drawn = await page.evaluate(
          `[...document.querySelectorAll("#timeline path")]
             .reduce((sum, path) => sum + (path.getAttribute("d").match(/M/g) ?? []).length, 0)`,
        );
        assert.is(drawn, answer.filter(({ busy }) => busy! > 0).length);
        await isAccessible(page, "density");
        await picture(page, "density");
        await page.locator(".timeline").focus();
        for (let zooms = 0; zooms < 12; zooms++) {
          const before = page.url();
          await page.keyboard.press("w");
          await eventually("another range", () => page.url() !== before || undefined);
          await note.filter({ hasText: /ns\)$|shows each$/ }).waitFor();
          if (/^[1-9]\d* slices, /.test((await note.textContent()) ?? "")) break;
        }
        await page.locator("#timeline svg .bar").first().waitFor();
        await page.goto(`${server.url}/?view=timeline&lanes=thread`);
        await note.filter({ hasText: /^More than 200 .* shows each$/ }).waitFor();
        await picture(page, "density-threads");
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

plainTest.run();
