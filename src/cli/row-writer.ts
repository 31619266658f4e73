/** The writer of rows for stdout, in the format and the look that are asked for. */

import type { BatchWriter } from "../format/batch-writer.ts";
import { FORMAT_DEFAULTS, type OutputFormat } from "../format/formats.ts";
import type { TimeFrame } from "../source/time-bound.ts";
import { hasColors } from "./colors.ts";
import { refuseTerminal } from "./output.ts";
import { note } from "./report.ts";
import type { RowsOptions } from "./rows-options.ts";
import { timeStyle, zoneNote } from "./times.ts";
import { terminalWidth, wrapped } from "./wrap.ts";

export async function rowWriter(
  format: OutputFormat,
  options: RowsOptions,
  frame: TimeFrame,
): Promise<BatchWriter> {
  refuseTerminal(format.name);
  const open = await format.load();
  const { color, delta = false, dict: dictionaries = FORMAT_DEFAULTS.dictionaries } = options;
  const times = timeStyle(options, frame, format.name === "text");
  const isRead = process.stdout.isTTY === true || process.stderr.isTTY === true;
  if (format.name === "text" && isRead && options.quiet !== true) note(zoneNote(times, frame));
  const isColored = color === "always" || (color === "auto" && hasColors(process.stdout));
  const writer = open({ ...FORMAT_DEFAULTS, dictionaries, showsDelta: delta, isColored, times });
  return format.name === "text" && terminalWidth() !== undefined ? wrapping(writer) : writer;
}

/** Long lines go on, indented, in the next line of the terminal. */
function wrapping(writer: BatchWriter): BatchWriter {
  return {
    ...writer,
    async batch(batch, facts) {
      const text = Buffer.from(await writer.batch(batch, facts)).toString();
      return Buffer.from(wrapped(text, terminalWidth()));
    },
  };
}
