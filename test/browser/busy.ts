/** A session as busy as a page must bear. */

import type { Page } from "playwright-core";
import { Child } from "../support/child.ts";
import { MAIN, recordedTrace } from "../support/traces.ts";

/** The trace has 1400 events a second, with the pause before it begins again. */
const SPEED = "45";
/** Events a second, at that pace and a little less. */
export const RATE = 60_000;

/** A replayed session and its server, each a process of its own. */
export async function withBusySession(
  work: (url: string) => Promise<void>,
  retain: string = "256MiB",
): Promise<void> {
  const trace = await recordedTrace("small");
  const replay = new Child(process.execPath, [
    ...[MAIN, "replay", trace.path, "--speed", SPEED, "--loop", "--now", "--listen", "127.0.0.1:0"],
  ]);
  let serve: Child | undefined;
  try {
    await replay.until("listened", () => replay.lines.length > 0);
    serve = new Child(process.execPath, [
      ...[MAIN, "serve", /net:\S+/.exec(replay.stdout)![0], "--listen", "127.0.0.1:0"],
      ...["--no-token", "--retain", retain],
    ]);
    await serve.until("printed its address", () => serve!.lines.length > 0);
    await work(serve.lines[0]!);
  } finally {
    serve?.process.kill("SIGKILL");
    replay.process.kill("SIGKILL");
    await Promise.all([serve?.ended, replay.ended]);
    await trace.remove();
  }
}

/** A number that the page shows. */
export async function figure(page: Page, id: string): Promise<number> {
  return Number(((await page.textContent(`#${id}`)) ?? "").replaceAll(",", ""));
}

export const after = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
