/**
 * Drains one live session from its beginning until so many events have come, and prints the seconds that it took.
 * `bare` only fetches the packets, `items` only takes the packets, `count` scans them, `where` filters too, `columns` writes seven ordered columns as Arrow.
 */

import { type Observable, tap } from "rxjs";
import type { DecodedItem } from "../../src/feed/decoded-item.ts";
import { openFeed } from "../../src/feed/feed.ts";
import { LossAccount } from "../../src/feed/losses.ts";
import { compileFilter } from "../../src/filter/compile.ts";
import { ipcWriter } from "../../src/format/arrow/ipc-writer.ts";
import type { Question } from "../../src/query/question.ts";
import type { ResultItem } from "../../src/query/result.ts";
import { runQuery } from "../../src/query/run.ts";
import { parseLiveUrl } from "../../src/relay/url.ts";
import { EVERYTHING } from "../../test/support/query.ts";
import { bare } from "./bare-client.ts";

const [url = "", mode = "count", wanted = "0"] = process.argv.slice(2);
const filter = compileFilter("number >= 0 && $ctx.vpid > 1");
const SPECS: Readonly<Record<string, Partial<Question>>> = {
  count: { select: [], order: "none" },
  where: { select: [], order: "none", filter },
  columns: {
    select: ["timestamp", "event", "procname", "vpid", "pid_ns", "number", "tag"],
    filter,
  },
};
/** The ordered columns go out as Arrow, as to a client. */
const writer = ipcWriter({ dictionaries: "delta", framing: "stream" });

if (mode === "bare") {
  const { port, selection } = parseLiveUrl(url);
  console.log(JSON.stringify(await bare(port, selection?.session ?? "")));
  process.exit();
}
const feed = openFeed([url], { from: "beginning", inThread: true });
const { items, gate } = feed.share();
/** Without a packet for so long, it was the last. */
const QUIET_MS = 1000;
let begin = performance.now();
let last = begin;
let rows = 0;
let bytes = 0;
const account = new LossAccount();
let isTold = false;

function end(): void {
  if (isTold) return;
  isTold = true;
  subscription.unsubscribe();
  console.log(JSON.stringify({ bytes, seconds: (last - begin) / 1000 }));
}

const spec = SPECS[mode];
const counted = items.pipe(
  tap((item) => {
    if (item.kind === "packet") bytes += item.bytes.length;
  }),
);
const source: Observable<DecodedItem | ResultItem> =
  spec === undefined
    ? counted
    : runQuery({ ...EVERYTHING, ...spec }, { isLive: true, borrowBatches: true }, counted, gate);
const subscription = source.subscribe((item) => {
  if (item.kind === "note") begin = performance.now();
  if (item.kind === "packet" || item.kind === "batch") last = performance.now();
  if (item.kind === "loss") account.add(item.loss);
  if (item.kind === "columns" && mode === "columns") writer.begin(item.columns);
  if (item.kind === "batch") {
    rows += item.batch.rows;
    if (mode === "columns") writer.recycle?.(writer.batch(item.batch));
  }
});
const timer = setInterval(() => {
  if (performance.now() - last < QUIET_MS) return;
  clearInterval(timer);
  if (spec !== undefined && rows + account.discardedEvents !== Number(wanted))
    console.error(`${rows} of ${wanted} rows; ${account}`);
  end();
}, 100);
