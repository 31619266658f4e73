/** The page on small and large screens, light and dark. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { closeBrowser, isAccessible, picture, withPage } from "./tab.ts";

const plainTest = suite("browser/widths");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

/** Each view, and what it shows once it has something. */
const VIEWS: readonly (readonly [string, string])[] = [
  ["containers", "#containers tbody tr:nth-child(3)"],
  ["events", "#body [data-place]"],
  ["syscalls", "#syscalls tbody tr:nth-child(3)"],
  ["timeline", "#timeline svg .bar"],
  ["timeline&lanes=thread", "#timeline svg .wait"],
  ["processes", "#processes tbody tr:nth-child(3)"],
  ["losses", "#losses-view tbody tr"],
  ["compare", "#compare .when"],
];

/** Each width and each scheme once at least: axe-core takes a second for each. */
function isJudged(width: number, scheme: "light" | "dark"): boolean {
  return (width === 1024) === (scheme === "dark");
}

test("fits 390, 1024 and 1440 pixels, light and dark, without a finding of axe-core", async () => {
  await withRecorded(async (server) => {
    for (const width of [390, 1024, 1440])
      for (const colorScheme of ["light", "dark"] as const)
        await withPage(
          async (page) => {
            for (const [view, shown] of VIEWS) {
              await page.goto(`${server.url}/?view=${view}`);
              await page.locator(shown).first().waitFor();
              const isWide = "document.documentElement.scrollWidth > innerWidth";
              assert.is(await page.evaluate(isWide), false, `${view} at ${width}`);
              if (isJudged(width, colorScheme)) await isAccessible(page, `${view} at ${width}`);
              await picture(page, `${view}-${width}-${colorScheme}`);
            }
          },
          { bypassCSP: true, colorScheme, viewport: { width, height: 800 } },
        );
  });
});

plainTest.run();
