/** What an operator allows, as requests say it: what could never be met is a slip. */

import { FeedError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";

/** Characters of a value that an error repeats. */
const MAX_SHOWN = 200;
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^\s/?#@\\]+$/i;
const HOST_NAME = /^(?:\[[\d.:a-f]+\]|[^\s:/?#@\\[\]]+)$/i;

/**
 * An origin as browsers send it: in small letters, without the usual port.
 * @throws FeedError `BAD_ORIGIN`; also for `*` and `null`, which any page can be
 */
export function originFrom(text: string): string {
  const isOne = ORIGIN.test(text) && !text.includes("*") && URL.canParse(text);
  if (!isOne) {
    const got = printable(text, MAX_SHOWN);
    const message = `allowed-origins: expected origins of pages, as https://HOST or https://HOST:PORT, got ${got}`;
    throw new FeedError("BAD_ORIGIN", message, 500);
  }
  const { origin } = new URL(text);
  // Of schemes that are not the web's, such as those of extensions.
  return origin === "null" ? text : origin;
}

/**
 * A name as `Host` has it, without its port.
 * @throws FeedError `BAD_HOST_NAME`
 */
export function hostNameFrom(text: string): string {
  if (HOST_NAME.test(text) && !text.includes("*")) return text.toLowerCase();
  const got = printable(text, MAX_SHOWN);
  const message = `allowed-hosts: expected names of this server without a port, as traces.example.org or [::1], got ${got}`;
  throw new FeedError("BAD_HOST_NAME", message, 500);
}
