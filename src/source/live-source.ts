/** Which sources are live: sessions of a relay daemon, and directories that are followed, `follow:DIRECTORY`. */

import { isLiveUrl } from "../relay/url.ts";

const SCHEME = "follow:";

/** Whether what a source brings has no end that is known. */
export function isLiveSource(text: string): boolean {
  return isLiveUrl(text) || text.startsWith(SCHEME);
}

/** The directory of a followed source; `undefined` for others. */
export function followedDirectory(text: string): string | undefined {
  return text.startsWith(SCHEME) ? text.slice(SCHEME.length) : undefined;
}

/** A source as it is followed: a directory is, live sessions are anyway. */
export function asFollowed(source: string): string {
  return isLiveSource(source) ? source : `${SCHEME}${source}`;
}

/**
 * Where reading begins if nothing is said: a directory has its history, while a relayd holds back what it has until a viewer
 * has read it all.
 */
export function startOf(
  sources: readonly string[],
  from: "beginning" | "now" | undefined,
): "beginning" | "now" {
  return from ?? (sources.every((one) => one.startsWith(SCHEME)) ? "beginning" : "now");
}
