/** The page on small and large screens, light and dark. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { withRecorded } from "../server/lab.ts";
import { needs } from "../support/needs.ts";
import { closeBrowser, isAccessible, picture, withPage } from "./tab.ts";

const plainTest = suite("browser/widths");
const test = needs(plainTest, ["chromium"]);
plainTest.after(closeBrowser);

test("fits 390, 1024 and 1440 pixels, light and dark, without a finding of axe-core", async () => {
  await withRecorded(async (server) => {
    for (const width of [390, 1024, 1440])
      for (const colorScheme of ["light", "dark"] as const)
        await withPage(
          async (page) => {
            for (const view of ["query", "containers"]) {
              await page.goto(`${server.url}/?view=${view}`);
              const table = view === "query" ? "#body" : "#containers-table tbody";
              await page.locator(`${table} tr`).nth(3).waitFor();
              const isWide = "document.documentElement.scrollWidth > innerWidth";
              assert.is(await page.evaluate(isWide), false, `${view} at ${width}`);
              await isAccessible(page, `${view} at ${width}`);
              await picture(page, `${view}-${width}-${colorScheme}`);
            }
          },
          { bypassCSP: true, colorScheme, viewport: { width, height: 800 } },
        );
  });
});

plainTest.run();
