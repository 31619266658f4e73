/**
 * tracewire as a library: Observables of column batches over live LTTng sessions and recorded traces.
 *
 * ```ts
 * connect("net://localhost").subscribe((session) => {
 *   const filter = compileFilter("$ctx.pid_ns == 4026532572");
 *   const rows = session.query({ filter }).subscribe((item) => { … });
 *   setTimeout(() => rows.unsubscribe(), 10_000); // detaches at once
 * });
 * ```
 */

export {
  DecodeError,
  FeedError,
  FilterError,
  MetadataError,
  ProtocolError,
  SourceError,
  TraceError,
} from "./base/errors.ts";
export type { Item, ItemSource, StreamOrigin, TraceOrigin } from "./base/item.ts";
export type * from "./column/column.ts";
export { MetadataReader } from "./ctf/metadata.ts";
export { readRecorded } from "./ctf/recorded.ts";
export type * from "./ctf/trace-class.ts";
export { type Feed, type FeedSubscription, LiveFeed, openFeed } from "./feed/feed.ts";
export { describeLoss, type Loss, LossAccount } from "./feed/losses.ts";
export { compileFilter } from "./filter/compile.ts";
export { complete } from "./filter/complete.ts";
export { coverage, describeCoverage } from "./filter/coverage.ts";
export { ipcWriter } from "./format/arrow/ipc-writer.ts";
export { csvWriter } from "./format/csv.ts";
export { ndjsonWriter } from "./format/ndjson.ts";
export { type ConnectOptions, connect, type LiveSession } from "./operators/connect.ts";
export type { Execution } from "./query/execution.ts";
export type { Question } from "./query/question.ts";
export type { Account, ResultBatch, ResultItem } from "./query/result.ts";
export { follow } from "./relay/follow.ts";
export { listSessions } from "./relay/list-sessions.ts";
export { type ReplayOptions, type ReplayServer, replay } from "./replay/server.ts";
export { serve } from "./server/server.ts";
export { Gate } from "./source/gate.ts";
