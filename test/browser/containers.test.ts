/** The containers view in a real browser: its numbers, the way to a container's events and back, keys. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type RunningServer, serve } from "../../src/server/server.ts";
import { get, withLive, withRecorded } from "../server/lab.ts";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { recordedTrace } from "../support/traces.ts";
import {
  address,
  closeBrowser,
  isAccessible,
  picture,
  queryIs,
  rowsAtEnd,
  state,
  texts,
  withPage,
} from "./tab.ts";

const plainTest = suite("browser/containers");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

async function rows(server: RunningServer, q: string): Promise<Record<string, number | string>[]> {
  const path = `/v1/query?format=ndjson&q=${encodeURIComponent(q)}`;
  const text = (await get(server, path)).body.toString().trimEnd();
  return text.split("\n").map((line) => JSON.parse(line));
}

/** Titles of columns, and the queries that answer them. */
const COLUMNS: Readonly<Record<string, string>> = {
  cpu: "|> slices |> x = usage(dt) by container",
  syscalls: "|> syscalls |> x = count() by container",
  errors: "|> syscalls |> x = count() if (ret < 0) by container",
  events: "|> x = count() by container",
};

test("shows what the queries answer for each container", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page, complaints) => {
        await page.goto(server.url);
        const row = page.locator("#containers tbody tr", { hasText: "some-redis" });
        await texts("every column", row.locator("td"), (all) => !all.slice(0, 4).includes("–"));
        await page.locator("#containers .when", { hasText: /rows$/ }).waitFor();
        // All at once: a column that comes between two readings would move the others.
        const [heads = [], ...bodyRows] = await page.evaluate<string[][]>(
          `[...document.querySelectorAll("#containers tr")].map(({ cells }) =>
             [...cells].map(({ textContent }) => textContent))`,
        );
        const cells = bodyRows.find(([name]) => name === "some-redis") ?? [];
        for (const [title, query] of Object.entries(COLUMNS)) {
          const answer = (await rows(server, query)).find(
            (one) => one["container"] === "some-redis",
          );
          const cell = cells[heads.findIndex((head) => head.startsWith(title))] ?? "";
          const shown = Number.parseFloat(cell.replaceAll(",", ""));
          assert.ok(Math.abs(shown - Number(answer?.["x"])) < 0.001, `${title}: ${cell}`);
        }
        const { containers } = JSON.parse((await get(server, "/v1/containers")).body.toString());
        const own = containers.find(({ name }: { name: string }) => name === "some-redis");
        await texts("instances", page.locator("#containers thead th"), (all) =>
          all.some((one) => one === "instances"),
        );
        const place = (await page.locator("#containers thead th").allTextContents()).indexOf(
          "instances",
        );
        const instances = await row.locator("th, td").nth(place).textContent();
        assert.is(instances, String(own.instances.length));
        await isAccessible(page, "containers");
        await page.reload();
        await row.waitFor();
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  });
});

test("goes from a container to its processes and their events, and back, by keys alone", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page) => {
        await page.goto(`${server.url}/?view=events`);
        await state(page, "ended");
        await page.locator("#result").focus();
        await page.keyboard.press("?");
        await page.locator("#help").waitFor();
        await isAccessible(page, "keys");
        await page.keyboard.press("Escape");
        await page.keyboard.press("1");
        await page.locator("#containers tbody tr").nth(3).waitFor();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Enter");
        await page.locator("#processes tbody tr").first().waitFor();
        await address(page, /view=processes/);
        const container = await page.inputValue("#where");
        assert.match(container, /^\$container\.name == "/);
        await page.locator("#processes .when", { hasText: /rows$/ }).waitFor();
        await page.locator("#result").focus();
        await page.keyboard.press("j");
        await page.keyboard.press("Enter");
        await state(page, "ended");
        assert.match(
          await page.inputValue("#where"),
          /^\$container\.name == ".*" && \$ctx\.tid == \d+$/,
        );
        const crumbs = await page.locator("#crumbs button").allTextContents();
        assert.is(crumbs.length, 3);
        await isAccessible(page, "crumbs");
        await page.locator("#result").focus();
        await page.keyboard.press("Backspace");
        await page.locator("#processes tbody tr").first().waitFor();
        await queryIs(page, container);
        await page.locator("#crumbs button").first().click();
        await page.locator("#containers tbody tr").nth(3).waitFor();
        await queryIs(page, "");
        await page.goBack();
        await page.locator("#processes tbody tr").first().waitFor();
        await page.locator("#result").focus();
        await page.keyboard.press("/");
        assert.is(await page.evaluate("document.activeElement.id"), "where");
      },
      { bypassCSP: true },
    );
  });
});

test("shows one row with every field, which a click demands or excludes", async () => {
  await withRecorded(async (server) => {
    await withPage(
      async (page) => {
        await page.goto(`${server.url}/?q=${encodeURIComponent('$event.name == "sched_switch"')}`);
        await state(page, "ended");
        await page.locator("#body [data-place='0']").focus();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("Enter");
        await page.locator("#row").waitFor();
        await isAccessible(page, "one row");
        const field = page.locator("#row-fields > div", { hasText: /^prev_state/ });
        const value = await field.locator("button").first().textContent();
        await field.locator("button").first().click();
        await state(page, "ended");
        assert.is(
          await page.inputValue("#where"),
          `$event.name == "sched_switch" && prev_state == ${value}`,
        );
        await page.locator("#body [data-place='0']").click();
        await page
          .locator("#row-fields > div", { hasText: /^container/ })
          .locator("button")
          .nth(1)
          .click();
        await state(page, "ended");
        assert.match(await page.inputValue("#where"), /\$container\.name != "/);
      },
      { bypassCSP: true },
    );
  });
});

test("narrows several sources to a host, which is a term of the query", async () => {
  const traces = [await recordedTrace("small"), await recordedTrace("filter-lab")];
  const server = await serve(
    traces.map(({ path }) => path),
    { port: 0 },
  );
  try {
    await withPage(
      async (page, complaints) => {
        await page.goto(`${server.url}/?view=events`);
        await texts("hosts", page.locator("#host option"), (all) => {
          return all.join() === "all 2,fosdem-host,vm";
        });
        const all = await rowsAtEnd(page);
        assert.ok((await page.locator("#head th").allTextContents()).includes("host"));
        await page.selectOption("#host", "vm");
        await queryIs(page, '$trace.hostname == "vm"');
        const own = await rowsAtEnd(page, (rows) => rows < all);
        assert.is(own, 10);
        await isAccessible(page, "hosts");
        await picture(page, "hosts");
        await page.reload();
        await rowsAtEnd(page, (rows) => rows === own);
        await eventually("the host is chosen", async () => {
          return (await page.inputValue("#host")) === "vm" || undefined;
        });
        await page.selectOption("#host", "");
        await queryIs(page, "");
        await rowsAtEnd(page, (rows) => rows === all);
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  } finally {
    await server.close();
    for (const trace of traces) await trace.remove();
  }
});

test("follows a live session second by second, and stands still while paused", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page, complaints) => {
        await page.goto(server.url);
        const cells = page.locator("#containers tbody td");
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
