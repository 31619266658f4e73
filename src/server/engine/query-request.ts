/**
 * What clients may ask, read from a URL's parameters or from the first frame of a WebSocket: the same names and the
 * same rules for both.
 */

import { FeedError, FilterError } from "../../base/errors.ts";
import { compileFilter } from "../../filter/compile.ts";
import { namedBy } from "../../filter/container-condition.ts";
import {
  DATA_FORMATS,
  FORMAT_DEFAULTS,
  findFormat,
  type OutputFormat,
} from "../../format/formats.ts";
import { queryText } from "../../language/named-queries.ts";
import { planQuery } from "../../language/plan.ts";
import type { PlannedQuery } from "../../language/planned-query.ts";
import { DEFAULT_MAX_LAG_MS } from "../../query/execution.ts";
import { EVERYTHING, type Question } from "../../query/question.ts";
import { type RowsAsked, rowsText } from "../../segments/row-query.ts";
import { badParameter, Parameters } from "./parameters.ts";
import { readTimeRange } from "./time-range.ts";

export interface QueryRequest {
  /** One of the served sources; `undefined` means all of them. */
  readonly source: string | undefined;
  /** How many packets the range had when it was planned. */
  readonly packets: number | undefined;
  readonly question: Question;
  /** What is done with the rows of `question`, where the query language says it. */
  readonly planned: PlannedQuery | undefined;
  /** What is asked of files of rows, where the sources are such. */
  readonly rows: RowsAsked | undefined;
  readonly maxLagMs: number;
  readonly nameWaitMs: number | undefined;
  /** The query ends after so many milliseconds. */
  readonly durationMs: number | undefined;
  /** How long Arrow streams of live sessions wait for the type of a column that nothing declares. */
  readonly settleMs: number;
  readonly dictionaries: "delta" | "plain";
  readonly framing: "stream" | "self";
  readonly types: "exact" | "spark";
  /** What a slow client costs: time, or rows. */
  readonly overflow: "block" | "drop";
  readonly format: OutputFormat | undefined;
}

/** The first frame of a WebSocket: a query, or one that goes on behind the last batch that its client has. */
export type QueryFrame = {
  /** Batches that the client allows in flight. */
  readonly credit: number;
} & ({ readonly request: QueryRequest } | { readonly resume: string; readonly seq: number });

/** A later frame. */
export interface CreditFrame {
  readonly credit: number;
  /** The last batch that the client has. */
  readonly seq: number | undefined;
}

/** How long columns that nothing declares hold an Arrow stream back, in ms. */
const DEFAULT_SETTLE_MS = 5000;
const DEFAULT_CREDIT = 8;
/** What a text is that is refused. */
const FRAME = "text frame";
const BODY = "body";
/** More than any client can mean. */
const MAX_CREDIT = 1_000_000;

export const QUERY_PARAMETERS: readonly string[] = [
  "source",
  "q",
  "where",
  "select",
  "events",
  "container",
  "limit",
  "duration",
  "begin",
  "end",
  "begin_ns",
  "end_ns",
  "packets",
  "order",
  "maxLag",
  "settle",
  "nameWait",
  "dict",
  "framing",
  "types",
  "overflow",
  "format",
];

/**
 * Reads the parameters of `GET /v1/query`. Empty ones count as absent.
 * @param areRows whether the sources are files of rows, of whose columns a query is made
 * @throws FeedError 400 `BAD_PARAMETER`, `UNKNOWN_PARAMETER`; FilterError
 */
export function queryFromUrl(search: URLSearchParams, areRows: boolean = false): QueryRequest {
  return readQuery(Parameters.ofUrl(search, QUERY_PARAMETERS), areRows);
}

/**
 * Reads the body of `POST /v1/query`: a JSON object of the same parameters.
 * @throws as `queryFromUrl`, and FeedError 400 `BAD_FRAME`
 */
export function queryFromBody(text: string, areRows: boolean = false): QueryRequest {
  return readQuery(Parameters.ofJson(jsonObject(text, BODY), QUERY_PARAMETERS), areRows);
}

/**
 * Reads the first frame of a WebSocket: a JSON object.
 * @throws as `queryFromUrl`, and FeedError 400 `BAD_FRAME`
 */
export function queryFromFrame(text: string, areRows: boolean = false): QueryFrame {
  const object = jsonObject(text, FRAME);
  if ("resume" in object) {
    const parameters = Parameters.ofJson(object, ["resume", "seq", "credit"]);
    const resume = parameters.text("resume") ?? "";
    const seq = parameters.count("seq") ?? -1;
    return { resume, seq, credit: parameters.count("credit", MAX_CREDIT) ?? DEFAULT_CREDIT };
  }
  const parameters = Parameters.ofJson(object, [...QUERY_PARAMETERS, "credit"]);
  const credit = parameters.count("credit", MAX_CREDIT) ?? DEFAULT_CREDIT;
  return { request: readQuery(parameters, areRows), credit };
}

/**
 * Reads a later frame, `{"credit": n, "seq": last}`: how many more batches may be sent, and, for a query that can be
 * resumed, up to which one the client has them.
 * @throws FeedError 400
 */
export function creditFromFrame(text: string): CreditFrame {
  const parameters = Parameters.ofJson(jsonObject(text, FRAME), ["credit", "seq"]);
  const credit = parameters.count("credit", MAX_CREDIT);
  if (credit === undefined) throw badFrame(FRAME, '{"credit": n}', text);
  return { credit, seq: parameters.count("seq") };
}

function readQuery(parameters: Parameters, areRows: boolean): QueryRequest {
  const planned = areRows ? undefined : readPlanned(parameters);
  return {
    source: parameters.text("source"),
    packets: parameters.count("packets"),
    question: areRows
      ? { ...EVERYTHING, ...readBase(parameters) }
      : (planned?.question ?? readQuestion(parameters)),
    planned,
    rows: areRows ? readRows(parameters) : undefined,
    maxLagMs: parameters.duration("maxLag") ?? DEFAULT_MAX_LAG_MS,
    nameWaitMs: parameters.duration("nameWait"),
    durationMs: parameters.duration("duration"),
    settleMs: parameters.duration("settle") ?? DEFAULT_SETTLE_MS,
    dictionaries: parameters.choice("dict", ["plain", "delta"]) ?? FORMAT_DEFAULTS.dictionaries,
    framing: parameters.choice("framing", ["stream", "self"]) ?? "stream",
    types: parameters.choice("types", ["exact", "spark"]) ?? FORMAT_DEFAULTS.types,
    overflow: parameters.choice("overflow", ["block", "drop"]) ?? "block",
    format: readFormat(parameters),
  };
}

/** What a query asks besides its text. */
function readBase(
  parameters: Parameters,
): Pick<Question, "events" | "container" | "begin" | "end"> {
  return {
    events: parameters.list("events") ?? [],
    container: namedBy(parameters.list("container") ?? []),
    ...readTimeRange(parameters),
  };
}

function readQuestion(parameters: Parameters): Question {
  return {
    ...EVERYTHING,
    ...readBase(parameters),
    filter: readFilter(parameters),
    select: parameters.list("select"),
    order: parameters.choice("order", ["time", "none"]) ?? "time",
    limit: parameters.count("limit"),
  };
}

/** What a query in the query language says by itself. */
const SAID_BY_Q = ["where", "select", "order", "limit"];

function readPlanned(parameters: Parameters): PlannedQuery | undefined {
  const text = parameters.text("q");
  if (text === undefined) return undefined;
  refuseBesideQ(parameters);
  return planQuery(queryText(text), readBase(parameters));
}

function readRows(parameters: Parameters): RowsAsked {
  const { events, container, begin, end } = readBase(parameters);
  const q = parameters.text("q");
  if (q !== undefined) refuseBesideQ(parameters);
  const text =
    q === undefined
      ? rowsText(parameters.text("where") ?? "", parameters.list("select"))
      : queryText(q);
  return { text, events, container, begin, end, limit: parameters.count("limit") };
}

function refuseBesideQ(parameters: Parameters): void {
  const twice = SAID_BY_Q.find((name) => parameters.text(name) !== undefined);
  if (twice !== undefined)
    throw badParameter(twice, "nothing, since q says it", parameters.text(twice) ?? "");
}

function readFormat(parameters: Parameters): OutputFormat | undefined {
  const name = parameters.text("format");
  if (name === undefined) return undefined;
  const format = findFormat(name, DATA_FORMATS);
  if (format !== undefined) return format;
  const names = DATA_FORMATS.map((known) => known.name);
  throw badParameter("format", `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`, name);
}

function readFilter(parameters: Parameters): Question["filter"] {
  const where = parameters.text("where");
  if (where === undefined) return undefined;
  try {
    return compileFilter(where);
  } catch (error) {
    if (error instanceof FilterError) throw error;
    throw badParameter("where", "a filter expression", where, error);
  }
}

function jsonObject(text: string, what: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badFrame(what, "a JSON object", text, error);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badFrame(what, "a JSON object", text);
  }
  return value as Record<string, unknown>;
}

const EXCERPT = 60;

function badFrame(what: string, expected: string, text: string, cause?: unknown): FeedError {
  const got = text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
  return new FeedError("BAD_FRAME", `${what}: expected ${expected}, got ${got}`, 400, { cause });
}
