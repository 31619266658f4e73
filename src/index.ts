/**
 * tracewire as a library: rows of live LTTng sessions and recorded traces, as columns, objects or bytes.
 *
 * ```ts
 * for await (const row of query("./trace", { where: "ret < 0", limit: 10 }).rows()) console.log(row);
 *
 * connect("net://localhost").subscribe((session) => {
 *   const rows = session.query({ container: "web" }).batches().subscribe((batch) => { … });
 *   setTimeout(() => rows.unsubscribe(), 10_000); // detaches at once
 * });
 * ```
 *
 * Every error from outside is a `TraceError` with a stable `code`.
 */

export {
  DecodeError,
  FeedError,
  FilterError,
  LimitError,
  MetadataError,
  ProtocolError,
  SourceError,
  TraceError,
} from "./base/errors.ts";
export type { Item, ItemSource, StreamOrigin, TraceOrigin } from "./base/item.ts";
export type { Position } from "./base/text.ts";
export type * from "./column/column.ts";
export type { ColumnRequest, ContainerFact, RenderStyle } from "./column/request.ts";
export { RowReader, type Value, valueAt } from "./column/row-reader.ts";
export type { ColumnLayout, Schema, SettledRequest } from "./column/schema.ts";
export { eachMapping } from "./ctf/mappings.ts";
export type * from "./ctf/trace-class.ts";
export type { DecodedItem } from "./feed/decoded-item.ts";
export type { FeedSubscription } from "./feed/feed.ts";
export { describeLoss, type Loss, LossAccount } from "./feed/losses.ts";
export type { Program } from "./filter/bytecode.ts";
export { compileFilter } from "./filter/compile.ts";
export type { Completion, Completions } from "./filter/complete.ts";
export type { FormatOptions } from "./format/formats.ts";
export { Batch, type Row } from "./library/batch.ts";
export { type ConnectOptions, connect, type LiveSession } from "./library/connect.ts";
export { Query, query, type SourceQueryOptions } from "./library/query.ts";
export type { QueryOptions } from "./library/query-options.ts";
export { complete, openTrace, type Trace } from "./library/trace.ts";
export type { Emit, Operator } from "./operators/operator.ts";
export type { Engine } from "./query/execution.ts";
export type { Account, ResultBatch, ResultItem } from "./query/result.ts";
export { listSessions } from "./relay/list-sessions.ts";
export type { SessionEntry } from "./relay/messages.ts";
export { type ReplayOptions, type ReplayServer, replay } from "./replay/server.ts";
export type { NamedPlaces, PlaceKind } from "./runtimes/place-kinds.ts";
export { type RunningServer, type ServeOptions, serve } from "./server/server.ts";
export type { Gate } from "./source/gate.ts";
export type { SourceOptions } from "./source/source.ts";
export type { TimeBound } from "./source/time-bound.ts";
