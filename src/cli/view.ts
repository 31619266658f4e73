import { randomBytes } from "node:crypto";
import { hasSpareProcessors } from "../query/threads.ts";
import { serve } from "../server/server.ts";
import { openInBrowser } from "./browser.ts";
import { untilInterrupted } from "./interrupt.ts";
import { printAddress } from "./output.ts";
import { note, warn } from "./report.ts";

interface Options {
  readonly from?: "beginning" | "now";
  readonly wait?: true;
  readonly reconnect: boolean;
  readonly open: boolean;
}

/** Of results for a page that loses its connection, as when a lid is closed for a while. */
const RETAIN_BYTES = 64 << 20;
/** How long the process may take to end, in ms. */
const END_MS = 8000;

/**
 * `tracewire view`: the page on a free port of loopback until Ctrl-C. Every user of the machine reaches that port: the
 * page's link has a token of its own.
 */
export async function view(sources: readonly string[], options: Options): Promise<void> {
  const { from, wait, reconnect } = options;
  const token = randomBytes(16).toString("hex");
  const inThread = hasSpareProcessors(sources);
  const server = await serve(sources, {
    ...{ port: 0, token, from, wait, reconnect, inThread },
    retainBytes: RETAIN_BYTES,
  });
  const link = `${server.url}/#token=${token}`;
  // Whoever has read the link may press Ctrl-C.
  const interrupted = untilInterrupted();
  printAddress(link, warn);
  const page = options.open ? openInBrowser(link) : undefined;
  note(page === undefined ? "open the link in a browser; Ctrl-C ends it" : "Ctrl-C ends it");
  await interrupted;
  setTimeout(() => process.exit(), END_MS).unref();
  page?.close();
  await server.close();
}
