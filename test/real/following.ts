/** Programs that follow directories which real daemons write to. */

import type { Child } from "../support/child.ts";
import { tracewire } from "../support/tracewire.ts";

/** One that follows a directory and prints its events. */
export async function following(directory: string, ...args: string[]): Promise<Child> {
  const child = tracewire("tail", directory, "--follow", "-f", "babeltrace", ...args);
  await child.until("follows", () => child.stderr.includes("following"));
  return child;
}

/** What it has printed, at least so many lines; it is ended as Ctrl-C does. */
export async function linesOf(child: Child, least: number): Promise<string[]> {
  await child.until(`printed ${least} lines`, () => child.lines.length >= least, 30_000);
  child.process.kill("SIGINT");
  await child.end(5000);
  return child.lines;
}
