/** Which format a client gets, by what it says that it accepts. */

import { FeedError } from "../../base/errors.ts";
import type { BatchWriter } from "../../format/batch-writer.ts";
import {
  DATA_FORMATS,
  FORMAT_DEFAULTS,
  formatNamed,
  type OutputFormat,
} from "../../format/formats.ts";
import { badParameter } from "./parameters.ts";
import type { QueryRequest } from "./query-request.ts";

/** A format whose writers are at hand, with what the request says of them. */
export interface OpenedFormat extends Pick<OutputFormat, "name" | "hasErrorLines"> {
  /** What HTTP calls it. */
  readonly contentType: string;
  readonly hasOneLayout: boolean;
  writer(): BatchWriter;
}

/** What is added to a media type in `Content-Type`. */
const PARAMETERS: Readonly<Record<string, string>> = {
  "text/csv": "; charset=utf-8; header=present",
};

/** The formats that stand for whole ranges of media types. */
const ANY = "arrow";
const ANY_TEXT = "csv";

export async function openFormat(
  format: OutputFormat,
  { dictionaries, framing, types }: Pick<QueryRequest, "dictionaries" | "framing" | "types">,
): Promise<OpenedFormat> {
  if (types === "spark" && format.name !== "arrow")
    throw badParameter("types", "exact, since only Arrow has others", types);
  const open = await format.load();
  const options = { ...FORMAT_DEFAULTS, dictionaries, framing, types };
  return {
    name: format.name,
    hasErrorLines: format.hasErrorLines,
    contentType: contentTypeOf(format),
    hasOneLayout: format.hasOneLayout(options),
    writer: () => open(options),
  };
}

/** What HTTP calls it. */
export function contentTypeOf({ mediaTypes: [mediaType = ""] }: OutputFormat): string {
  return mediaType + (PARAMETERS[mediaType] ?? "");
}

/**
 * The format that an `Accept` header asks for; Arrow if there is none.
 * @throws FeedError 406 `NOT_ACCEPTABLE`
 * @see RFC 9110 §12.5.1
 */
export function acceptedFormat(accept: string | undefined): OutputFormat {
  if (accept === undefined || accept.trim() === "") return formatNamed(ANY);
  let best: OutputFormat | undefined;
  let bestQuality = 0;
  for (const part of accept.split(",")) {
    const [range = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = Number(/^q=([\d.]+)$/.exec(parameters.at(-1) ?? "")?.[1] ?? 1);
    const format = formatOf(range);
    if (format === undefined || !(quality > bestQuality)) continue;
    best = format;
    bestQuality = quality;
  }
  if (best !== undefined) return best;
  const known = DATA_FORMATS.map(({ mediaTypes: [first] }) => first).join(", ");
  throw new FeedError("NOT_ACCEPTABLE", `Accept: expected one of ${known}, got ${accept}`, 406);
}

function formatOf(range: string): OutputFormat | undefined {
  if (range === "*/*" || range === "application/*") return formatNamed(ANY);
  if (range === "text/*") return formatNamed(ANY_TEXT);
  return DATA_FORMATS.find(({ mediaTypes }) => mediaTypes.includes(range));
}
