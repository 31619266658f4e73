/** What `tracewire top` on a terminal is made of; loaded when its screen is open. */

import { lengthOf, sharedSource, spanOf } from "../analyses/source.ts";
import { checkedFilter } from "../analyses/user-filter.ts";
import type { Settleable } from "../base/settleable.ts";
import { namedBy } from "../filter/container-condition.ts";
import { ofProcesses, parseProcess } from "../language/process-filter.ts";
import { hasSpareProcessors } from "../query/threads.ts";
import type { FullScreen } from "../terminal/full-screen.ts";
import { TopApp } from "../top/app.ts";
import { askedRange } from "./times.ts";
import { everyOf, type TopOptions } from "./top-options.ts";
import { viewOf } from "./top-view.ts";

/** @throws SourceError, FilterError */
export async function openTop(
  sources: readonly string[],
  options: TopOptions,
  screen: FullScreen,
  ending: Settleable,
): Promise<TopApp> {
  const { from, wait, reconnect, clockOffset, maxLag, where, pid = [], every, utc } = options;
  const inThread = hasSpareProcessors(sources);
  const source = sharedSource(
    sources,
    { from, wait, reconnect, inThread, clockOffsetNs: clockOffset },
    maxLag,
    ending.reject,
  );
  const { begin, end } = askedRange(options, source.feed.isLive);
  const text = everyOf(options);
  const base = { container: namedBy(options.container), begin, end };
  return new TopApp({
    ...source,
    view: viewOf(options),
    filter: ofProcesses(checkedFilter(where), pid.map(parseProcess)) ?? "",
    every: text,
    everyNs: BigInt(Math.round((every ?? 2000) * 1e6)),
    isWindowed: every !== undefined,
    spanNs: source.feed.isLive ? 1 : lengthOf(await spanOf(source, base)),
    base,
    maxLagMs: maxLag,
    isUtc: utc === true,
    screen,
    onQuit: ending.resolve,
    onSuspend: () => screen.suspend(),
    onRepaint: () => screen.repaint(),
    onError: ending.reject,
  });
}
