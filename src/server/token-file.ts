/**
 * The file of tokens: one token on a line of its own, or JSON,
 * `{"tokens": [{"name", "token" or "sha256", "sources", "hide", "operator", "expires"}]}`.
 */

import type { Stats } from "node:fs";
import { FeedError } from "../base/errors.ts";
import { exposureOf } from "../base/exposed.ts";
import { readSmallFile } from "../base/small-file.ts";
import type { Grant } from "./grant.ts";
import { digestOf, isToken, TOKEN_FORM, Tokens, tokenFault } from "./token.ts";

const MAX_TOKENS = 10_000;
const WRITABLE_BY_ALL = 0o002;
const DIGEST = /^[0-9a-f]{64}$/;
/** Names stand in logs, metrics and `/v1/queries`. */
const NAME = /^[\w.@ -]{1,64}$/;
const MEMBERS = ["name", "token", "sha256", "sources", "hide", "operator", "expires"];

/**
 * @param warn gets a sentence if others can read a token; digests are no tokens
 * @throws FeedError `BAD_TOKEN_FILE`
 */
export function readTokens(path: string, warn: (text: string) => void = () => {}): Tokens {
  let text: string;
  try {
    text = readSmallFile(path, requireOwned).trim();
  } catch (error) {
    throw bad(
      path,
      "a file that can be read, and that not every user can write",
      error instanceof Error ? error.message : "none",
    );
  }
  if (!text.startsWith("{")) {
    if (!isToken(text)) throw bad(path, `${TOKEN_FORM}, or a JSON object`, tokenFault(text));
    warnOf(path, warn);
    return Tokens.single(text);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The message of the parser repeats the text.
    throw bad(path, "a JSON object", "text that is none");
  }
  const { tokens } = value as Record<string, unknown>;
  if (!Array.isArray(tokens) || tokens.length > MAX_TOKENS)
    throw bad(path, `"tokens": an array of at most ${MAX_TOKENS}`, typeof tokens);
  const entries = tokens.map((one: unknown, i) => entryOf(path, i, one));
  const known = new Map(entries.map(({ digest, ...entry }) => [digest, entry]));
  if (known.size < entries.length) throw bad(path, "each token once", "one twice");
  if (tokens.some((one: { token?: unknown }) => one.token !== undefined)) warnOf(path, warn);
  return new Tokens(known);
}

function warnOf(path: string, warn: (text: string) => void): void {
  const warning = exposureOf(path, "its tokens");
  if (warning !== undefined) warn(warning);
}

/** Whoever can write the file lets in anyone. */
function requireOwned({ mode }: Stats): void {
  if ((mode & WRITABLE_BY_ALL) === 0) return;
  throw new Error(`one that every user can write (mode ${(mode & 0o777).toString(8)})`);
}

function entryOf(
  path: string,
  i: number,
  value: unknown,
): { readonly digest: string; readonly grant: Grant; readonly expiresMs: number } {
  const where = `${path}: tokens[${i}]`;
  if (typeof value !== "object" || value === null)
    throw bad(where, "an object", value === null ? "null" : typeof value);
  const one = value as Record<string, unknown>;
  const unknown = Object.keys(one).find((name) => !MEMBERS.includes(name));
  if (unknown !== undefined) throw bad(where, `members among ${MEMBERS.join(", ")}`, unknown);
  const { name, token, sha256, sources, hide = [], operator = false, expires } = one;
  if (typeof name !== "string" || !NAME.test(name))
    throw bad(where, '"name": 1 to 64 letters, digits or . _ @ -', typeof name);
  const digest = typeof token === "string" && isToken(token) ? digestOf(token) : sha256;
  if (typeof digest !== "string" || !DIGEST.test(digest))
    throw bad(where, `"token" (${TOKEN_FORM}) or "sha256" (64 hexadecimal digits)`, "neither");
  if (sources !== undefined && !isTexts(sources))
    throw bad(where, '"sources": an array of texts', typeof sources);
  if (!isTexts(hide)) throw bad(where, '"hide": an array of texts', typeof hide);
  if (typeof operator !== "boolean") throw bad(where, '"operator": a boolean', typeof operator);
  const expiresMs = expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(String(expires));
  if (Number.isNaN(expiresMs))
    throw bad(where, '"expires": a time such as 2027-01-31T00:00:00Z', String(expires));
  return { digest, grant: { name, sources, hidden: hide, isOperator: operator }, expiresMs };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function bad(where: string, expected: string, got: string): FeedError {
  return new FeedError("BAD_TOKEN_FILE", `${where}: expected ${expected}, got ${got}`, 500);
}
