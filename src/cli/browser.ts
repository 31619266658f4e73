/** The user's browser, where there is one. */

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export interface OpenedPage {
  /** Removes what opening it left on the disk. */
  close(): void;
}

/**
 * Opens a link in the browser; undefined where there is none. Command lines are for every user to read, and the link
 * may have a token: the browser gets a file that only this user reads, and that leads to the link.
 */
export function openInBrowser(link: string): OpenedPage | undefined {
  const program = opener();
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "tracewire-view-"));
  const path = join(folder, "page.html");
  const target = link.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const markup = `<!doctype html><meta http-equiv="refresh" content="0; url=${target}">\n`;
  writeFileSync(path, markup, { mode: 0o600 });
  const child = spawn(program, [pathToFileURL(path).href], { stdio: "ignore", detached: true });
  // The link is printed in any case.
  child.on("error", () => undefined);
  child.unref();
  return { close: () => rmSync(folder, { recursive: true, force: true }) };
}

function opener(): string | undefined {
  if (process.platform === "darwin") return "open";
  const { DISPLAY, WAYLAND_DISPLAY, BROWSER } = process.env;
  if (!DISPLAY && !WAYLAND_DISPLAY && !BROWSER) return undefined;
  const isThere = spawnSync("sh", ["-c", "command -v xdg-open"], { stdio: "ignore" }).status === 0;
  return isThere ? "xdg-open" : undefined;
}
