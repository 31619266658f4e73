/** The configuration file of `serve`: lines `name = value`, the names of the options; `#` begins a comment. */

import { CommanderError } from "commander";
import { readSmallFile } from "../base/small-file.ts";
import { messageOf } from "../base/system-error.ts";

/**
 * The options of a file, as a command line has them: `--name=value`, or `--name` for a value of `true`.
 * @param known names of options without dashes
 * @throws CommanderError for a line that is none, or an option that there is not
 */
export function configArguments(path: string, known: readonly string[]): readonly string[] {
  let text: string;
  try {
    text = readSmallFile(path);
  } catch (error) {
    const got = messageOf(error);
    throw wrong(`${path}: expected a configuration file, got ${got}`);
  }
  return text.split("\n").flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    const match = /^([a-z][a-z0-9-]*)\s*=\s*(.*)$/.exec(trimmed);
    const where = `${path}, line ${i + 1}`;
    if (match === null) throw wrong(`${where}: expected NAME = VALUE, got ${trimmed.slice(0, 40)}`);
    const [, name = "", value = ""] = match;
    if (name === "config" || !known.includes(name))
      throw wrong(`${where}: expected one of ${known.join(", ")}, got ${name}`);
    if (value === "true") return [`--${name}`];
    if (value === "false") return [];
    return [`--${name}=${value}`];
  });
}

function wrong(message: string): CommanderError {
  process.stderr.write(`error: ${message}\n`);
  return new CommanderError(2, "tracewire.config", message);
}
