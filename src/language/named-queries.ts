/** Queries with names: those that come with the program, one file each, and the user's own. */

import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SourceError } from "../base/errors.ts";
import { readSmallFile } from "../base/small-file.ts";
import { suggestion } from "../base/suggestion.ts";
import { messageOf } from "../base/system-error.ts";

export interface NamedQuery {
  readonly name: string;
  /** The first line of its file, behind `#`; why the file could not be read. */
  readonly help: string;
  /** `undefined` where the file could not be read. */
  readonly text: string | undefined;
  /** The folder that it stands in. */
  readonly folder: string;
}

const SUFFIX = ".query";

/**
 * All named queries by name; of two with one name the user's counts.
 * @param folder the user's own; default: `tracewire/queries` in the configuration folder
 * @throws SourceError `QUERIES_FOLDER` for a folder that cannot be read
 */
export function namedQueries(folder?: string): readonly NamedQuery[] {
  const own = folder ?? configured();
  if (folder !== undefined && !existsSync(folder))
    throw new SourceError("QUERIES_FOLDER", `queries: expected a folder, got ${folder}`);
  const all = [builtIn(), own].flatMap((path) => queriesIn(path));
  const byName = new Map(all.map((query) => [query.name, query]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The query of a name.
 * @throws SourceError `QUERY_UNKNOWN` with the nearest names, `QUERY_UNREADABLE`
 */
export function namedQuery(name: string, folder?: string): NamedQuery & { readonly text: string } {
  const all = namedQueries(folder);
  const found = all.find((query) => query.name === name);
  if (found === undefined) {
    const hint = suggestion(
      name,
      all.map((query) => query.name),
    );
    throw new SourceError(
      "QUERY_UNKNOWN",
      `query: expected the name of a query, got ${name}${hint}`,
    );
  }
  const { text } = found;
  if (text === undefined)
    throw new SourceError("QUERY_UNREADABLE", `query: @${name}: ${found.help}`);
  return { ...found, text };
}

/**
 * The text of a query that may be a name: `@cpu`.
 * @throws SourceError as `namedQuery` does
 */
export function queryText(written: string, folder?: string): string {
  const name = /^\s*@([\w-]+)\s*$/.exec(written)?.[1];
  return name === undefined ? written : namedQuery(name, folder).text;
}

function queriesIn(folder: string): readonly NamedQuery[] {
  if (!existsSync(folder)) return [];
  return filesIn(folder)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => queryIn(folder, file));
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new SourceError(
      "QUERIES_FOLDER",
      `queries: expected a folder, got ${folder}: ${messageOf(error)}`,
    );
  }
}

function queryIn(folder: string, file: string): NamedQuery {
  const name = basename(file, SUFFIX);
  try {
    const lines = readSmallFile(join(folder, file)).split("\n");
    const comments = lines.filter((line) => line.startsWith("#"));
    const help = comments[0]?.replace(/^#\s*/, "") ?? "";
    const text = lines.filter((line) => !line.startsWith("#")).join("\n");
    return { name, help, text: text.trim(), folder };
  } catch (error) {
    return { name, help: `expected a text file, got ${messageOf(error)}`, text: undefined, folder };
  }
}

function configured(): string {
  const config = process.env["XDG_CONFIG_HOME"] ?? join(homedir(), ".config");
  return join(config, "tracewire/queries");
}

/** The folder that comes with the program, whether it runs as files or as a bundle. */
function builtIn(): string {
  return (
    ["../../../src/analyses", "../../src/analyses"]
      .map((path) => fileURLToPath(new URL(path, import.meta.url)))
      .find((path) => existsSync(path)) ?? ""
  );
}
