/** The page in Firefox: every view shows something, keys work, and nothing is complained of. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { SMALL_ROWS, withLive, withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { type FirefoxTab, withFirefox } from "./firefox.ts";
import { VIEWS } from "./views.ts";

const plainTest = suite("browser/firefox");
const test = needs(plainTest, ["firefox-esr"]);

const DISMISS = "localStorage.setItem('tracewire.welcome', 'dismissed')";

async function picture(tab: FirefoxTab, name: string): Promise<void> {
  const path = process.env["SCREENSHOT"];
  if (path !== undefined) await tab.picture(`${path}/firefox-${name}.png`);
}

for (const isDark of [false, true])
  test(`opens every view, ${isDark ? "dark" : "light"}`, async () => {
    await withRecorded(async (server) => {
      await withFirefox(
        async (tab) => {
          await tab.goto(`${server.url}/?view=losses`);
          await tab.evaluate(DISMISS);
          for (const width of [390, 1440]) {
            await tab.size(width, 800);
            for (const [view, shown] of VIEWS) {
              await tab.goto(`${server.url}/?view=${view}`);
              await tab.until(`document.querySelector(${JSON.stringify(shown)}) !== null`);
              const wide = "document.documentElement.scrollWidth > innerWidth";
              assert.is(await tab.evaluate(wide), false, `${view} at ${width}`);
              await picture(tab, `${view}-${width}-${isDark ? "dark" : "light"}`);
            }
          }
          assert.equal(tab.complaints, []);
        },
        {
          "ui.systemUsesDarkTheme": Number(isDark),
          "layout.css.prefers-color-scheme.content-override": isDark ? 0 : 1,
        },
      );
    });
  });

test("goes by keys, and ends with the rows that there are", async () => {
  await withRecorded(async (server) => {
    await withFirefox(async (tab) => {
      await tab.goto(server.url);
      await tab.evaluate(DISMISS);
      await tab.until("document.querySelectorAll('#containers tbody tr').length > 3");
      await tab.press("2");
      const rows = "document.getElementById('rows').textContent.replaceAll(',', '')";
      await tab.until(`${rows} === "${SMALL_ROWS}"`);
      await tab.press("/");
      for (const key of "ret<0") await tab.press(key);
      await tab.press("\uE007");
      await tab.until("new URL(location.href).searchParams.get('q') === 'ret<0'");
      await tab.until("document.getElementById('state').textContent === 'ended'");
      assert.ok((await tab.evaluate<number>(`Number(${rows})`)) > 0);
      assert.equal(tab.complaints, []);
    });
  });
});

test("follows a live session", async () => {
  await withLive(
    async (server) => {
      await withFirefox(async (tab) => {
        await tab.goto(`${server.url}/?view=events`);
        const rows = "Number(document.getElementById('rows').textContent.replaceAll(',', ''))";
        await tab.until(`${rows} > 100`);
        const before = await tab.evaluate<number>(rows);
        await tab.until(`${rows} > ${before}`);
        assert.equal(tab.complaints, []);
      });
    },
    { speed: 1, loop: true, shiftToNow: true, overlap: true },
  );
});

plainTest.run();
