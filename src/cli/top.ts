/** `tracewire top`: a screen of what containers, processes, threads do; without a terminal the same as tables. */

import { printable } from "../base/printable.ts";
import { settleable } from "../base/settleable.ts";
import type { FullScreen } from "../terminal/full-screen.ts";
import type { TopApp } from "../top/app.ts";
import { hasColors } from "./colors.ts";
import { ExitCode, GRACE_MS, report } from "./report.ts";
import type { TopOptions } from "./top-options.ts";

/** `tracewire top`. */
export async function top(sources: readonly string[], options: TopOptions): Promise<void> {
  const isScreen =
    process.stdout.isTTY === true &&
    process.stdin.isTTY === true &&
    options.once !== true &&
    options.format === "text" &&
    process.env["TERM"] !== "dumb";
  if (isScreen) await onScreen(sources, options);
  else await (await import("./top-print.ts")).printed(sources, options);
}

async function onScreen(sources: readonly string[], options: TopOptions): Promise<void> {
  const { FullScreen: Screen } = await import("../terminal/full-screen.ts");
  let app: TopApp | undefined;
  const early: string[] = [];
  const ending = settleable();
  const screen = new Screen({
    input: process.stdin,
    output: process.stdout,
    fd: 1,
    hasColors:
      options.color === "always" || (options.color === "auto" && hasColors(process.stdout)),
    onKey: (key) => {
      if (app !== undefined) app.onKey(key);
      else if (key === "q" || key === "ctrl-c") ending.resolve();
      else early.push(key);
    },
    onResize: () => app?.paint(),
    onSignal: () => ending.resolve(),
  });
  screen.open();
  showLoading(screen, sources);
  try {
    // What reads traces takes longer to load than the screen to open.
    const { openTop } = await import("./top-app.ts");
    app = await openTop(sources, options, screen, ending);
    app.start();
    for (const key of early) app.onKey(key);
    await ending.promise;
  } catch (error) {
    screen.close();
    report(error);
  }
  app?.stop();
  screen.close();
  process.exitCode ??= ExitCode.ok;
  // Detaching from a relayd may take a moment; it must not take for ever.
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

function showLoading(screen: FullScreen, sources: readonly string[]): void {
  const text = `tracewire top  ${sources.map((source) => printable(source)).join(" ")}`;
  screen.paint({ size: screen.size, lines: [[{ text, style: { isDim: true } }]] });
}
