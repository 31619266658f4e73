/** The page on small and large screens, light and dark. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { closeBrowser, isAccessible, picture, rowsAtEnd, withPage } from "./tab.ts";
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
            if (view === "events") {
              // Again, now that the table may be as high as its rows.
              await rowsAtEnd(page);
              await page.click("#columns summary");
              await page.click("#columns-usual");
              const rows = await page.locator("#body [data-place]").count();
              assert.ok(rows < 80, `${rows} rows are elements at ${width}`);
            }
            if (width < 1440) await isAccessible(page, `${view} at ${width}`);
            await picture(page, `${view}-${width}-${colorScheme}`);
          }
        },
        { bypassCSP: true, colorScheme, viewport: { width, height: 800 } },
      );
    });
  });

plainTest.run();
