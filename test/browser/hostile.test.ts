/** What a trace says stays text on the page, and what it lost is shown. */

import {
  DataType,
  Table,
  tableFromIPC,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../../src/server/server.ts";
import { withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { recordedTrace } from "../support/traces.ts";
import { closeBrowser, isAccessible, picture, state, texts, withPage } from "./tab.ts";

const plainTest = suite("browser/hostile");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

/** What stands in the place of `some-redis`, and how it is shown. */
const NAMES: readonly (readonly [string, string])[] = [
  [
    '<img src=x onerror="window.isBroken=1"><script>window.isBroken=1</script>',
    '<img src=x onerror="window.isBroken=1"><script>window.isBroken=1</script>',
  ],
  ["safe\u202egnp.exe\u2066", "safe\\u202egnp.exe\\u2066"],
  ["bell\u0007\u001b[31mred\u0000", "bell\\u0007\\u001b[31mred\\u0000"],
  ["w\u200bide \u2028", "w\\u200bide \\u2028"],
  ["{{window.isBroken=1}}`'\"\\*", "{{window.isBroken=1}}`'\"\\*"],
  ["long".repeat(250_000), "longlong"],
];

/** A server's answers with another name in them. */
async function rename(page: Page, name: string): Promise<void> {
  const written = JSON.stringify(name).slice(1, -1);
  await page.routeWebSocket(/v1\/query/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((data) => {
      if (typeof data === "string") socket.send(data.replaceAll("some-redis", () => written));
      else socket.send(renamed(data, name));
    });
  });
}

/** A batch whose texts have another name. */
function renamed(bytes: Uint8Array, name: string): Buffer {
  const table = tableFromIPC(bytes);
  const columns = table.schema.fields.map((field, i): [string, Vector] => {
    const vector = table.getChildAt(i)!;
    if (!DataType.isUtf8(field.type)) return [field.name, vector];
    const texts = [...vector].map((text) => (text === "some-redis" ? name : text));
    return [field.name, vectorFromArray(texts, new Utf8())];
  });
  return Buffer.from(tableToIPC(new Table(Object.fromEntries(columns)), "stream"));
}

for (const [name, shown] of NAMES)
  test(`shows ${JSON.stringify(name.slice(0, 24))} as text`, async () => {
    await withRecorded(async (server) => {
      await withPage(
        async (page) => {
          await rename(page, name);
          await page.goto(`${server.url}/?view=containers`);
          const names = page.locator("#containers tbody button");
          await texts("the name", names, (all) => all.some((one) => one.startsWith(shown)));
          const query = encodeURIComponent("|> count() by container");
          await page.goto(`${server.url}/?q=${query}`);
          await state(page, "ended");
          const cells = page.locator("#answer-table tbody td:first-child");
          await texts("the name", cells, (all) => all.some((one) => one.startsWith(shown)));
          const [column, width] = await page.evaluate<[number, number]>(
            "[document.documentElement.scrollWidth, innerWidth]",
          );
          assert.ok(column <= width, `${column} pixels of ${width}`);
          assert.is(await page.locator("table img, table script").count(), 0);
          assert.is(await page.evaluate("window.isBroken"), undefined);
          await picture(page, `hostile-${NAMES.findIndex(([one]) => one === name)}`);
        },
        { bypassCSP: true },
      );
    });
  });

test("lists what each stream lost", async () => {
  const trace = await recordedTrace("lossy");
  const server = await serve([trace.path], { port: 0 });
  try {
    await withPage(
      async (page) => {
        await page.goto(`${server.url}/?view=events`);
        await state(page, "ended");
        await page.click("#losses summary");
        const lines = await page.locator("#losses-list li").allTextContents();
        const number = (text: string): number => Number(text.replaceAll(",", ""));
        const events = lines.map((line) => number(/: ([\d,]+) events/.exec(line)?.[1] ?? ""));
        const sum = events.reduce((total, one) => total + one, 0);
        assert.ok(sum > 0);
        assert.is(sum, number((await page.textContent("#lost_events")) ?? ""));
        await isAccessible(page, "losses");
        await picture(page, "losses");
      },
      { bypassCSP: true },
    );
  } finally {
    await server.close();
    await trace.remove();
  }
});

plainTest.run();
