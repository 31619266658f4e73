/** The page on small and large screens, light and dark. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { closeBrowser, isAccessible, picture, withPage } from "./tab.ts";
import { VIEWS } from "./views.ts";

const plainTest = suite("browser/widths");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

/** `SCREENSHOT` wants each width in each scheme; else each scheme is judged at one width. */
const SIZES: readonly (readonly [number, "light" | "dark"])[] =
  process.env["SCREENSHOT"] === undefined
    ? [
        [390, "light"],
        [1024, "dark"],
        [1440, "light"],
      ]
    : [390, 1024, 1440].flatMap((width) => [[width, "light"] as const, [width, "dark"] as const]);

for (const [width, colorScheme] of SIZES)
  test(`fits ${width} pixels, ${colorScheme}, without a finding of axe-core`, async () => {
    await withRecorded(async (server) => {
      await withPage(
        async (page) => {
          for (const [view, shown] of VIEWS) {
            await page.goto(`${server.url}/?view=${view}`);
            await page.locator(shown).first().waitFor();
            const isWide = "document.documentElement.scrollWidth > innerWidth";
            assert.is(await page.evaluate(isWide), false, `${view} at ${width}`);
            // Of the grid of events axe-core makes so much that the tab crashes: its cells are left out.
            const except = view === "events" ? ["#body"] : [];
            if (width < 1440) await isAccessible(page, `${view} at ${width}`, except);
            await picture(page, `${view}-${width}-${colorScheme}`);
          }
        },
        { bypassCSP: true, colorScheme, viewport: { width, height: 800 } },
      );
    });
  });

plainTest.run();
