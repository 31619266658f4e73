/** What is lost, on the page: events by stream and time and in every chart, and connections, which come back. */

import type { Locator } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ReplayServer, replay } from "../../src/replay/server.ts";
import { serve } from "../../src/server/server.ts";
import { withLive, withRecorded } from "../server/lab.ts";
import { eventually } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { recordedTrace } from "../support/traces.ts";
import { address, closeBrowser, isAccessible, picture, state, texts, withPage } from "./tab.ts";

const plainTest = suite("browser/losses");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

const number = (text: string): number => Number(text.replaceAll(",", ""));
const LIVE = { speed: 1, loop: true, shiftToNow: true, overlap: true } as const;

test("lists losses by stream and time, and marks them in every chart", async () => {
  const trace = await recordedTrace("lossy");
  const server = await serve([trace.path], { port: 0 });
  try {
    await withPage(
      async (page, complaints) => {
        await page.goto(`${server.url}/?view=losses`);
        const streams = page.locator("#losses-view table").nth(1).locator("tbody tr");
        const times = page.locator("#losses-view table").nth(2).locator("tbody tr");
        const sumOf = async (rows: Locator): Promise<number> => {
          const cells = await rows.locator("td:nth-child(2)").allTextContents();
          return cells.reduce((total, one) => total + number(one), 0);
        };
        // Losses are listed while the trace is read.
        await eventually("three equal sums", async () => {
          const sum = await sumOf(streams);
          const button = await page.textContent("#losses-button");
          const isSame = button === `Losses: ${sum.toLocaleString("en-US")}`;
          return (sum > 0 && isSame && (await sumOf(times)) === sum) || undefined;
        });
        await page.locator("#overview .lost-band").waitFor({ state: "attached" });
        await isAccessible(page, "losses");
        await picture(page, "losses-view");
        await times.locator("button").first().click();
        await page.locator("#timeline svg .lost-band").waitFor({ state: "attached" });
        await page.goto(`${server.url}/?view=syscalls`);
        await page.locator("#syscalls svg .lost-band").waitFor({ state: "attached" });
        await picture(page, "losses-heat");
        const query = encodeURIComponent("|> count() by container every 100ms");
        await page.goto(`${server.url}/?q=${query}`);
        await page.locator("#chart svg .lost-band").waitFor({ state: "attached" });
        assert.equal(complaints, []);
      },
      { bypassCSP: true },
    );
  } finally {
    await server.close();
    await trace.remove();
  }
});

test("says since when the connection is lost and when it is tried again, and goes on when it can", async () => {
  await withLive(async (server) => {
    await withPage(async (page) => {
      let isCut = false;
      const close: (() => Promise<void>)[] = [];
      await page.routeWebSocket(/v1\/query/, (socket) => {
        if (isCut) {
          void socket.close();
          return;
        }
        const to = socket.connectToServer();
        close.push(async () => {
          await socket.close();
          await to.close();
        });
      });
      await page.goto(`${server.url}/?view=events`);
      await state(page, "running");
      await page.locator("#body [data-place]").first().waitFor();
      const rows = async (): Promise<number> => number((await page.textContent("#rows")) ?? "");
      const before = await rows();
      isCut = true;
      await Promise.all(close.map((cut) => cut()));
      await page
        .locator("#state", { hasText: /disconnected since \d\d:\d\d:\d\d \(\d+ s\), attempt \d/ })
        .waitFor();
      await picture(page, "disconnected");
      isCut = false;
      await state(page, "running");
      // The server has kept nothing for it: what was there stays, and what is missing is said.
      const missing = /from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d \(\d+ s\) this page was not connected/;
      await page.locator("#note", { hasText: missing }).waitFor();
      await eventually("more rows", async () => (await rows()) > before || undefined);
      await picture(page, "absence");
      await page.locator("#overview .lost-band").waitFor({ state: "attached" });
      await page.keyboard.press("6");
      await page.locator("#losses-view td", { hasText: missing }).waitFor();
      await picture(page, "absence-list");
    });
  }, LIVE);
});

test("goes on where it stopped, if the server retains results", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page, complaints) => {
        const sockets: { close(): Promise<void> }[] = [];
        const asked: string[] = [];
        await page.routeWebSocket(/v1\/query/, (socket) => {
          const to = socket.connectToServer();
          let isOpen = true;
          sockets.push({
            close: async () => {
              isOpen = false;
              await Promise.all([socket.close(), to.close()]);
            },
          });
          socket.onMessage((text) => {
            asked.push(String(text));
            // The browser complains of what is sent on a closed socket, here by this test.
            if (isOpen) to.send(text);
          });
        });
        await page.goto(`${server.url}/?view=events`);
        const rows = async (): Promise<number> => number((await page.textContent("#rows")) ?? "");
        await eventually("rows and a name", async () => {
          const hasStatus = asked.some((text) => /^\{"credit":\d+,"seq":\d+\}$/.test(text));
          return ((await rows()) > 100 && hasStatus) || undefined;
        });
        const before = await rows();
        await Promise.all(sockets.map((socket) => socket.close()));
        await eventually("a query goes on", async () => {
          return asked.some((text) => text.startsWith('{"resume":')) || undefined;
        });
        await eventually("more rows", async () => (await rows()) > before || undefined);
        await state(page, "running");
        assert.equal(complaints, []);
      });
    },
    LIVE,
    { retainBytes: 16 << 20 },
  );
});

test("says how long it was away where the server has given up its query", async () => {
  await withLive(
    async (server) => {
      await withPage(async (page) => {
        const open: (() => Promise<void>)[] = [];
        let isCut = false;
        await page.routeWebSocket(/v1\/query/, (socket) => {
          if (isCut) return void socket.close();
          const to = socket.connectToServer();
          open.push(async () => void (await Promise.all([socket.close(), to.close()])));
          socket.onMessage((text) => {
            const error = { code: "RESUME_UNKNOWN", message: "ask anew" };
            if (!String(text).startsWith('{"resume":')) to.send(text);
            else socket.send(JSON.stringify({ type: "error", error }));
          });
        });
        await page.goto(`${server.url}/?view=events`);
        const rows = async (): Promise<number> => number((await page.textContent("#rows")) ?? "");
        const before = await eventually("rows", async () => (await rows()) || undefined);
        isCut = true;
        await Promise.all(open.map((close) => close()));
        await state(page, "disconnected since");
        await page.waitForTimeout(2500);
        isCut = false;
        const away = /\(([2-9]|\d\d+) s\) this page was not connected: what came then is missing/;
        await page.locator("#note", { hasText: away }).waitFor();
        await eventually("more rows", async () => (await rows()) > before || undefined);
      });
    },
    LIVE,
    { retainBytes: 16 << 20 },
  );
});

test("says since when a relay daemon is lost and what is tried, whatever the page asks", async () => {
  await withLive(async (server, relayd) => {
    await withPage(
      async (page) => {
        // No query of this page hears of it: all of them have ended.
        await page.goto(`${server.url}/?q=${encodeURIComponent("|> limit 1")}`);
        await state(page, "ended");
        await relayd.close();
        const hasText = /^net:\S+, lost since \d\d:\d\d:\d\d: .*trying again\nIt is not attached/;
        await page.locator("#trouble", { hasText }).waitFor();
        await isAccessible(page, "a lost relay daemon");
        await picture(page, "trouble");
        await page.keyboard.press("6");
        const cells = page.locator("#losses-view table").first().locator("tbody td");
        const [kind, state_, since, why] = await texts(
          "a lost source",
          cells,
          ([, word]) => word === "lost",
        );
        assert.equal([kind, state_], ["live", "lost"]);
        assert.match(since ?? "", /^\d\d:\d\d:\d\d$/);
        assert.match(why ?? "", /trying again$/);
        await isAccessible(page, "the list of sources");
        await picture(page, "trouble-list");
        const trace = await recordedTrace("small");
        const options = { ...LIVE, port: relayd.port, session: "small" };
        const again = await replay([trace.path], options);
        try {
          await page.locator("#trouble").waitFor({ state: "hidden" });
          await texts("an attached source", cells, ([, word]) => word === "attached");
        } finally {
          await again.close();
          await trace.remove();
        }
      },
      { bypassCSP: true },
    );
  }, LIVE);
});

test("opened while there is no relay daemon, says so, and begins by itself when there is one", async () => {
  const trace = await recordedTrace("small");
  const gone = await replay([trace.path], { ...LIVE, session: "small" });
  await gone.close();
  const server = await serve(gone.urls, { port: 0, wait: true });
  let relayd: ReplayServer | undefined;
  try {
    await withPage(
      async (page) => {
        await page.goto(server.url);
        await page.locator("#trouble", { hasText: /lost since .*trying again/ }).waitFor();
        await page.locator("#welcome-sources .bad", { hasText: "lost since" }).waitFor();
        await page.locator("#welcome-examples", { hasText: "when a source is attached" }).waitFor();
        await page.click("[data-view=events]");
        await page.click("#welcome-open");
        await state(page, "waiting for the source");
        await isAccessible(page, "before the first relay daemon");
        await picture(page, "not-there-yet");
        relayd = await replay([trace.path], { ...LIVE, port: gone.port, session: "small" });
        await page.locator("#body [data-place]").first().waitFor();
        await page.locator("#trouble").waitFor({ state: "hidden" });
        await state(page, "running");
        // What the trace declares was not known when the page was opened.
        await page.locator("#head th", { hasText: "container" }).waitFor();
        await page.locator("#head th", { hasText: "procname" }).waitFor();
        await page.locator("#welcome-examples button").nth(2).waitFor();
        await picture(page, "there-at-last");
      },
      { bypassCSP: true, isFirstVisit: true },
    );
  } finally {
    await server.close();
    await relayd?.close();
    await trace.remove();
  }
});

test("says since when the server itself does not answer", async () => {
  await withRecorded(async (server) => {
    await withPage(async (page) => {
      await page.goto(server.url);
      await page.locator("#containers tbody tr").first().waitFor();
      await page.route("**/v1/sources", (route) => route.abort());
      const hasText = /^since \d\d:\d\d:\d\d: the server does not answer/;
      await page.locator("#trouble", { hasText }).waitFor();
      await page.unroute("**/v1/sources");
      await page.locator("#trouble").waitFor({ state: "hidden" });
    });
  });
});

test("folds the seconds of a live session that are brushed, without asking anew", async () => {
  await withLive(async (server) => {
    await withPage(async (page, complaints) => {
      await page.goto(server.url);
      await page.locator("#containers tbody tr").nth(2).waitFor();
      await page.waitForTimeout(3000);
      await page.getByRole("slider", { name: "begin of the range" }).focus();
      for (let i = 0; i < 9; i++) await page.keyboard.press("Shift+ArrowRight");
      await page.locator("#containers .when", { hasText: /\(\d+ s\): [1-9]/ }).waitFor();
      await page.locator("#containers tbody tr").nth(2).waitFor();
      await address(page, /begin=\d{19}/);
      assert.equal(complaints, []);
    });
  }, LIVE);
});

test("takes nothing while it is hidden, and goes on when it is seen again", async () => {
  await withLive(async (server) => {
    await withPage(async (page, complaints) => {
      await page.goto(`${server.url}/?view=events`);
      await state(page, "running");
      const rows = async (): Promise<number> => number((await page.textContent("#rows")) ?? "");
      await eventually("rows", async () => (await rows()) > 100 || undefined);
      const see = (isHidden: boolean): Promise<unknown> =>
        page.evaluate(
          `Object.defineProperty(document, "hidden", { configurable: true, get: () => ${isHidden} });
           document.dispatchEvent(new Event("visibilitychange"))`,
        );
      await see(true);
      await page.waitForTimeout(3000);
      const before = await rows();
      const bodies = await page.locator("#body [data-place]").first().textContent();
      await page.waitForTimeout(1500);
      assert.is(await rows(), before, "nothing is drawn");
      assert.is(await page.locator("#body [data-place]").first().textContent(), bodies);
      await see(false);
      await eventually("more rows", async () => (await rows()) > before || undefined);
      await state(page, "running");
      assert.equal(complaints, []);
    });
  }, LIVE);
});

plainTest.run();
