/**
 * The formats that results are written in: one list for the CLI, the server and the library. Writers are loaded when
 * they are first used: apache-arrow alone takes longer to load than a short trace to read.
 */

import { SourceError } from "../base/errors.ts";
import { nearestName } from "../base/text.ts";
import { LOCAL_TIME_OF_DAY, type TimeStyle } from "../base/time.ts";
import type { ColumnRequest } from "../column/request.ts";
import { selectedRequests } from "../column/selection.ts";
import type { BatchWriter } from "./batch-writer.ts";

/** What a writer may be asked for; each format takes what concerns it. */
export interface FormatOptions {
  /**
   * Arrow: plain texts, which every reader takes, or dictionaries that grow from batch to batch, which are smaller but which
   * polars refuses and pyarrow cannot group by before `unify_dictionaries`.
   */
  readonly dictionaries: "delta" | "plain";
  /** Arrow: one stream, or each batch a whole one. */
  readonly framing: "stream" | "self";
  /** Arrow: exact types, or those that Apache Spark takes without a cast. */
  readonly types: "exact" | "spark";
  /** babeltrace: whether lines show the time since the event before. */
  readonly showsDelta: boolean;
  /** text: colours as escape sequences. */
  readonly isColored: boolean;
  /** text and babeltrace: how times are shown. */
  readonly times: TimeStyle;
}

export const FORMAT_DEFAULTS: FormatOptions = {
  dictionaries: "plain",
  framing: "stream",
  types: "exact",
  showsDelta: true,
  isColored: false,
  times: LOCAL_TIME_OF_DAY,
};

/** Makes writers of one format, any number of them. */
export type OpenWriter = (options: FormatOptions) => BatchWriter;

export interface OutputFormat {
  readonly name: string;
  /** Other names that users try. */
  readonly aliases: readonly string[];
  /** The first one is what HTTP calls it; formats without one are for terminals only. */
  readonly mediaTypes: readonly string[];
  /** Whether a stream has one layout, so that its first rows wait for the types of its columns. */
  hasOneLayout(options: Pick<FormatOptions, "framing">): boolean;
  /** Whether an error behind rows can stand among them as a line. */
  readonly hasErrorLines: boolean;
  /**
   * The columns that its lines are made of, for formats that write more than the selection.
   * @param isByName whether the query asks for containers by name
   */
  readonly selection?: (
    select: readonly (string | ColumnRequest)[] | undefined,
    isByName: boolean,
  ) => Promise<readonly ColumnRequest[]>;
  load(): Promise<OpenWriter>;
}

const TEXT: OutputFormat = {
  name: "text",
  aliases: [],
  mediaTypes: [],
  hasOneLayout: () => false,
  hasErrorLines: false,
  async selection(select, isByName) {
    const { NAMED_TEXT_REQUESTS, TEXT_HEAD_COUNT, TEXT_REQUESTS } = await import("./text.ts");
    const head = isByName ? NAMED_TEXT_REQUESTS : TEXT_REQUESTS;
    if (select === undefined) return head;
    const selected = selectedRequests(select).filter(
      ({ kind }) => kind !== "timestamp" && kind !== "event",
    );
    return [...head.slice(0, TEXT_HEAD_COUNT), ...selected.map(asText)];
  },
  async load() {
    const { COLORS, NO_COLORS, textWriter } = await import("./text.ts");
    return ({ isColored, times }) => textWriter(isColored ? COLORS : NO_COLORS, times);
  },
};

function asText(request: ColumnRequest): ColumnRequest {
  return request.kind === "payload" ? { kind: "payload", style: "text" } : request;
}

const BABELTRACE: OutputFormat = {
  name: "babeltrace",
  aliases: ["babeltrace2"],
  mediaTypes: [],
  hasOneLayout: () => false,
  hasErrorLines: false,
  selection: () => Promise.resolve([{ kind: "record" }, { kind: "timestamp" }]),
  async load() {
    const { babeltraceWriter } = await import("./babeltrace.ts");
    return ({ showsDelta, times }) => babeltraceWriter(showsDelta, times);
  },
};

const NDJSON: OutputFormat = {
  name: "ndjson",
  aliases: ["json", "jsonl"],
  mediaTypes: ["application/x-ndjson", "application/ndjson"],
  hasOneLayout: () => false,
  hasErrorLines: true,
  async load() {
    const { ndjsonWriter } = await import("./ndjson.ts");
    return ndjsonWriter;
  },
};

const CSV: OutputFormat = {
  name: "csv",
  aliases: [],
  mediaTypes: ["text/csv"],
  hasOneLayout: () => false,
  hasErrorLines: false,
  async load() {
    const { csvWriter } = await import("./csv.ts");
    return csvWriter;
  },
};

const ARROW: OutputFormat = {
  name: "arrow",
  aliases: ["ipc"],
  mediaTypes: ["application/vnd.apache.arrow.stream"],
  hasOneLayout: ({ framing }) => framing === "stream",
  hasErrorLines: false,
  async load() {
    const { ipcWriter } = await import("./arrow/ipc-writer.ts");
    return ipcWriter;
  },
};

const PARQUET: OutputFormat = {
  name: "parquet",
  aliases: [],
  mediaTypes: ["application/vnd.apache.parquet"],
  hasOneLayout: () => true,
  hasErrorLines: false,
  async load() {
    const { parquetWriter } = await import("./parquet/parquet-writer.ts");
    return parquetWriter;
  },
};

export const FORMATS: readonly OutputFormat[] = [TEXT, BABELTRACE, NDJSON, CSV, ARROW, PARQUET];

/** Those that other programs read. */
export const DATA_FORMATS: readonly OutputFormat[] = FORMATS.filter(
  ({ mediaTypes }) => mediaTypes.length > 0,
);

/** The format of that name or alias. */
export function findFormat(
  name: string,
  formats: readonly OutputFormat[] = FORMATS,
): OutputFormat | undefined {
  return formats.find((format) => format.name === name || format.aliases.includes(name));
}

/**
 * The format of that name or alias.
 * @throws SourceError `UNKNOWN_FORMAT`
 */
export function formatNamed(
  name: string,
  formats: readonly OutputFormat[] = FORMATS,
): OutputFormat {
  const found = findFormat(name, formats);
  if (found !== undefined) return found;
  const names = formats.map((format) => format.name);
  const near = nearestName(name, names);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  throw new SourceError(
    "UNKNOWN_FORMAT",
    `format: expected one of ${names.join(", ")}, got ${name}${hint}`,
  );
}
