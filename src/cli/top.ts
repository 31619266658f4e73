/** `tracewire top`: a screen of what containers, processes, threads do; without a terminal the same as tables. */

import { printable } from "../base/printable.ts";
import type { FullScreen } from "../terminal/full-screen.ts";
import type { TopApp } from "../top/app.ts";
import { hasColors } from "./colors.ts";
import { ExitCode, GRACE_MS, report } from "./report.ts";
import type { RowsOptions } from "./rows-options.ts";

export interface TopOptions
  extends Pick<
    RowsOptions,
    | "since"
    | "until"
    | "last"
    | "utc"
    | "clockOffset"
    | "from"
    | "wait"
    | "reconnect"
    | "maxLag"
    | "color"
    | "format"
    | "duration"
    | "container"
    | "quiet"
  > {
  readonly view: string;
  readonly every?: number;
  readonly where?: string;
  readonly sort?: string;
  readonly once?: true;
  readonly count?: number;
}

/** Longer than a screen of a silent session should take. */
const USUAL_EVERY_MS = 2000;

export function everyOf({ every = USUAL_EVERY_MS }: Pick<TopOptions, "every">): string {
  return every % 1000 === 0 ? `${every / 1000}s` : `${every}ms`;
}

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

/** How a screen ends. */
export interface Ending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

function settleable(): Ending {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
