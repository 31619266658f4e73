/** The notebook widget in a real browser, with a model that stands for the notebook's. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { needs } from "../support/needs.ts";
import { PACKAGE } from "../support/python.ts";

const plainTest = suite("browser/widget");
const test = needs(plainTest, ["chromium"]);

const WIDGET = readFileSync(join(PACKAGE, "src/tracewire/_widget.js"));
const URL_OF_WIDGET = `data:text/javascript;base64,${WIDGET.toString("base64")}`;

/** What anywidget gives: traits, messages, and a place. */
const HARNESS = `
const listeners = {};
const traits = { where: "", paused: false, error: "", has_filter: true, status: { rows: 0, kept: 0, live: true } };
globalThis.model = {
  saved: 0, sent: [],
  get: (name) => traits[name],
  set(name, value) { traits[name] = value; this.emit("change:" + name); },
  save_changes() { this.saved++; },
  send(message) { this.sent.push(message); },
  on(names, listener) { for (const name of names.split(" ")) (listeners[name] ??= []).push(listener); },
  off(names, listener) { for (const name of names.split(" ")) listeners[name] = listeners[name].filter((one) => one !== listener); },
  emit(name, ...values) { for (const listener of listeners[name] ?? []) listener(...values); },
};
globalThis.frame = (seconds, total, rows) => {
  const numbers = new DataView(new ArrayBuffer(16));
  numbers.setFloat64(0, seconds, true);
  numbers.setFloat64(8, total, true);
  const text = new TextEncoder().encode(JSON.stringify(rows));
  model.emit("msg:custom", { type: "frame" }, [numbers, new DataView(text.buffer)]);
};
globalThis.ready = import("${URL_OF_WIDGET}").then((widget) => {
  globalThis.cleanUp = widget.default.render({ model, el: document.getElementById("place") });
});
`;

async function withWidget(work: (page: Page) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  try {
    const page = await browser.newPage();
    await page.setContent(`<div id="place"></div><script type="module">${HARNESS}</script>`);
    await page.waitForFunction("globalThis.cleanUp !== undefined");
    await work(page);
  } finally {
    await browser.close();
  }
}

const cells = (page: Page): Promise<string[]> => page.locator("td").allTextContents();

test("asks for a frame, and shows rows as texts", async () => {
  await withWidget(async (page) => {
    assert.equal(await page.evaluate("model.sent"), [{ type: "ready" }]);
    const rows = [
      { event: "old", comm: "a" },
      { event: "new", comm: "<img src=x onerror=alert(1)>" },
    ];
    await page.evaluate(
      `frame(1, 10, ${JSON.stringify(rows)}); frame(2, 110, ${JSON.stringify(rows)});`,
    );
    assert.equal(await cells(page), ["new", "<img src=x onerror=alert(1)>", "old", "a"]);
    assert.is(await page.locator("img").count(), 0);
  });
});

test("pauses and resumes, and sends a filter that is typed", async () => {
  await withWidget(async (page) => {
    await page.getByRole("button").click();
    assert.is(await page.evaluate("model.get('paused')"), true);
    await page.evaluate(`frame(1, 10, [{ event: "unseen" }]);`);
    assert.equal(await cells(page), []);
    await page.getByRole("button", { name: "resume" }).click();
    await page.evaluate(`frame(2, 20, [{ event: "seen" }]);`);
    assert.equal(await cells(page), ["seen"]);
    await page.getByLabel("filter").fill("ret < 0");
    await page.getByLabel("filter").press("Enter");
    assert.is(await page.evaluate("model.get('where')"), "ret < 0");
    assert.is(await page.evaluate("model.saved"), 3);
  });
});

test("shows errors with their place, losses, and nothing more once it is gone", async () => {
  await withWidget(async (page) => {
    await page.evaluate(`model.set("error", "FILTER_SYNTAX: x\\n  ret <\\n       ^");`);
    assert.match((await page.locator("pre").textContent()) ?? "", /ret <\n {7}\^/);
    await page.evaluate(
      `model.set("status", { rows: 5, kept: 5, live: true, lost_events: 7, dropped: 0 });`,
    );
    assert.match((await page.locator(".status").textContent()) ?? "", "7 lost events");
    await page.evaluate(`cleanUp(); frame(1, 10, [{ event: "late" }]);`);
    assert.equal(await cells(page), []);
  });
});

plainTest.run();
