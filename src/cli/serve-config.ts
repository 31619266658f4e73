/** The configuration file of `serve`: lines `name = value`, the names of the options; `#` begins a comment. */

import { Command, CommanderError } from "commander";
import { exposureOf } from "../base/exposed.ts";
import { readSmallFile } from "../base/small-file.ts";
import { messageOf } from "../base/system-error.ts";
import { ExitCode, UNPRINTED } from "./report.ts";
import { addServeOptions } from "./serve-options.ts";

/**
 * The options of a file by their attributes, as commander names them.
 * @throws CommanderError for a line that is none, an option that there is not, a value that it does not take
 */
export function configuredOptions(path: string): ReadonlyMap<string, unknown> {
  let text: string;
  try {
    text = readSmallFile(path);
  } catch (error) {
    throw wrong(path, `expected a configuration file, got ${messageOf(error)}`);
  }
  const options = text.split("\n").flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) return [];
    return [...optionOf(trimmed, `${path}, line ${i + 1}`)];
  });
  return new Map(options);
}

/** What an operator should know of a file that has a token. */
export function configExposure(path: string): string | undefined {
  return configuredOptions(path).has("token") ? exposureOf(path, "its token") : undefined;
}

function optionOf(line: string, where: string): Iterable<readonly [string, unknown]> {
  const match = /^([a-z][a-z0-9-]*)\s*=\s*(.*)$/.exec(line);
  if (match === null) throw wrong(where, `expected NAME = VALUE, got ${line.slice(0, 40)}`);
  const [, name = "", value = ""] = match;
  const command = addServeOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr() {} });
  const known = command.options.filter(({ long }) => long !== "--config");
  const option = known.find(({ long }) => long === `--${name}`);
  if (option === undefined) {
    const names = known.map(({ long }) => long?.slice(2));
    throw wrong(where, `expected one of ${names.join(", ")}, got ${name}`);
  }
  const takesValue = option.required;
  if (!takesValue && value !== "true" && value !== "false")
    throw wrong(where, `${name}: expected true or false, got ${value}`);
  if (!takesValue && value === "false") return [];
  try {
    command.parse([takesValue ? `--${name}=${value}` : `--${name}`], { from: "user" });
  } catch (error) {
    throw wrong(where, messageOf(error).replace(/^error: /, ""));
  }
  const attribute = option.attributeName();
  return [[attribute, command.opts()[attribute]]];
}

function wrong(where: string, problem: string): CommanderError {
  return new CommanderError(ExitCode.usage, UNPRINTED, `${where}: ${problem}`);
}
