/** A tab of a real Chromium. */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "playwright-core";
import * as assert from "uvu/assert";
import { eventually } from "../support/child.ts";

/** Nothing that the browser does by itself, least of all on the network. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let browser: Browser | undefined;

export async function closeBrowser(): Promise<void> {
  await browser?.close();
}

/** A tab of its own, and what it complains of. */
export async function withPage(
  work: (page: Page, complaints: string[]) => Promise<void>,
  { isFirstVisit = false, ...options }: BrowserContextOptions & { isFirstVisit?: boolean } = {},
): Promise<void> {
  const which = spawnSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" });
  browser ??= await chromium.launch({ executablePath: which.stdout.trim(), args: ARGS });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const dismissed = "localStorage.setItem('tracewire.welcome', 'dismissed')";
  if (!isFirstVisit) await context.addInitScript(dismissed);
  const page = await context.newPage();
  // A machine that does much else at once is slow, not wrong.
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  try {
    await work(page, complaints);
  } finally {
    await context.close();
  }
}

export async function state(page: Page, word: string): Promise<void> {
  await page.locator("#state", { hasText: word }).waitFor();
}

/**
 * How many rows a query gave, once it has ended with a number that is what it should be. State and number are read at
 * once: what is read one after the other may be of two moments.
 */
export function rowsAtEnd(
  page: Page,
  isEnough: (rows: number) => boolean = () => true,
): Promise<number> {
  return eventually("a query has ended with its rows", async () => {
    const [state = "", rows = ""] = await page.locator("#state, #rows").allTextContents();
    const count = Number(rows.replaceAll(",", ""));
    return state === "ended" && isEnough(count) ? count : undefined;
  });
}

/** Waits until the page's address is as it should be: this side hears of it later than the page. */
export async function address(page: Page, pattern: RegExp): Promise<void> {
  await eventually(`${pattern} in the address`, () => pattern.test(page.url()) || undefined);
}

/** Waits until the query in the box is as it should be. */
export async function queryIs(page: Page, query: string): Promise<void> {
  await eventually(`the query ${query}`, async () => {
    return (await page.inputValue("#where")) === query || undefined;
  });
}

export async function ask(page: Page, query: string): Promise<void> {
  await page.fill("#where", query);
  await page.press("#where", "Enter");
}

/** The texts of elements, once they are what they should be. */
export function texts(
  what: string,
  locator: Locator,
  isEnough: (texts: readonly string[]) => boolean,
): Promise<readonly string[]> {
  return eventually(what, async () => {
    const all = await locator.allTextContents();
    return isEnough(all) ? all : undefined;
  });
}

/** To look at: set SCREENSHOT to a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const path = process.env["SCREENSHOT"];
  if (path !== undefined) await page.screenshot({ path: `${path}/${name}.png` });
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/**
 * axe-core finds nothing. The page's policy forbids its script: the context needs `bypassCSP`.
 */
export async function isAccessible(page: Page, state: string): Promise<void> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{
    violations: { id: string; nodes: { html: string }[] }[];
    // Shapes of a chart are parts of one picture for everybody who does not see it; there may be thousands.
  }>('axe.run({ exclude: [["svg[role=img] > *"]] })');
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  assert.equal(found, [], state);
}
