/**
 * What may follow an unfinished filter expression, for editors: the parser's table knows which tokens, the trace classes
 * know which names.
 */
import { FilterError } from "../base/errors.ts";
import { CONTAINER_FACTS } from "../column/request.ts";
import { fieldTypes } from "./field-types.ts";
import type { Continuation } from "./grammar-parser.ts";
import { type Token, tokenize } from "./lexer.ts";
import { UNIT_NAMES } from "./literals.ts";
import { continuation } from "./parse.ts";
import type { LinkEnvironment } from "./resolve.ts";

/** One thing that may stand at the end of the text. */
export interface Completion {
  /** Replaces the text from `from` to its end. */
  readonly text: string;
  readonly from: number;
  readonly kind: "name" | "operator" | "unit" | "event";
  /** Names: their types, such as `integer`. */
  readonly detail: string | undefined;
  /** Names and events: how many event classes have them. */
  readonly classes: number | undefined;
}

export interface Completions {
  /** Whether the text is a whole expression as it stands. */
  readonly isWhole: boolean;
  /** Best first; names before operators. */
  readonly items: readonly Completion[];
  /** Whether there were more than were asked for. */
  readonly isCut: boolean;
}

const NOTHING: Completions = { isWhole: false, items: [], isCut: false };
const MAX_ITEMS = 100;

/**
 * Completes an expression at its end.
 *
 * @param prefix what stands before the cursor
 * @param limit gives back so many at most
 */
export function complete(
  prefix: string,
  environments: Iterable<LinkEnvironment>,
  limit: number = MAX_ITEMS,
): Completions {
  const open = openText(prefix);
  if (open !== undefined) return cut(false, eventNames(open, environments), limit);
  const tokens = tokensOf(prefix);
  if (tokens === undefined) return NOTHING;
  const whole = continuation(tokens);
  const last = tokens.at(-1);
  const isTyping = last !== undefined && last.end === prefix.length && isWord(last);
  const head = isTyping ? tokens.slice(0, -1) : tokens;
  const word = isTyping ? last.text : "";
  const next = isTyping ? continuation(head) : whole;
  const items = [
    ...(next === undefined ? [] : names(head, word, prefix, next, environments)),
    ...units(tokens, prefix),
    ...(next === undefined ? [] : operators(next, word, prefix.length - word.length)),
    ...longerOperators(tokens, prefix),
    // Behind a finished name, what may follow it.
    ...(isTyping && whole !== undefined ? operators(whole, "", prefix.length) : []),
  ];
  return cut(whole?.isWhole ?? false, items, limit);
}

function cut(isWhole: boolean, items: readonly Completion[], limit: number): Completions {
  const unique = [...new Map(items.map((item) => [`${item.from} ${item.text}`, item])).values()];
  return { isWhole, items: unique.slice(0, limit), isCut: unique.length > limit };
}

/** The tokens of a prefix that ends outside strings and comments. */
function tokensOf(prefix: string): readonly Token[] | undefined {
  // A word typed behind a comment would belong to it.
  const probe = "\u0000";
  try {
    const tokens = tokenize(prefix + probe);
    return tokens.at(-1)?.text === probe ? tokens.slice(0, -1) : undefined;
  } catch (error) {
    if (error instanceof FilterError) return undefined;
    throw error;
  }
}

function isWord({ type, text }: Token): boolean {
  return type === "identifier" || type === "global" || text === "$";
}

// --- names

function names(
  head: readonly Token[],
  word: string,
  prefix: string,
  next: Continuation,
  environments: Iterable<LinkEnvironment>,
): readonly Completion[] {
  if (!next.terminals.has("identifier")) return [];
  const { path, from } = pathBefore(head, prefix.length - word.length);
  const typed = (path + word).toLowerCase();
  const fields = [...fieldTypes(environments)].map(([text, { types, classes }]) => {
    return { text, detail: [...types].join(" or "), classes };
  });
  return [...fields, ...(typed === "" ? [] : CONTAINER_NAMES)]
    .map((name) => ({ ...name, rank: rankOf(name.text, typed, path) }))
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank || (a.text < b.text ? -1 : 1))
    .map(({ text, detail, classes }) => ({ text, from, kind: "name", detail, classes }));
}

/** Of no event class, and so offered only once they are begun. */
const CONTAINER_NAMES = CONTAINER_FACTS.map((fact) => {
  return { text: `$container.${fact}`, detail: "text", classes: undefined };
});

/** Names that begin as typed come first, then those of which one part does, then those that contain it. */
function rankOf(name: string, typed: string, path: string): number {
  const text = name.toLowerCase();
  if (text.startsWith(typed)) return 0;
  if (path !== "" || typed === "") return 3;
  if (text.split(/[.$]/).some((part) => part.startsWith(typed))) return 1;
  return text.includes(typed) ? 2 : 3;
}

/** The names and dots that end a head such as `k == $ctx .`, without blanks, and where they begin. */
function pathBefore(head: readonly Token[], at: number): { path: string; from: number } {
  let path = "";
  let from = at;
  for (let i = head.length - 1; i > 0; i -= 2) {
    const [name, dot] = [head[i - 1]!, head[i]!];
    if ((dot.text !== "." && dot.text !== "->") || !isWord(name)) break;
    path = `${name.text}.${path}`;
    from = name.start;
  }
  return { path, from };
}

// --- operators and units

/** Arithmetic is parsed only to be refused. */
const REFUSED = ["+", "-", "*", "/", "%"];

function operators(next: Continuation, word: string, from: number): readonly Completion[] {
  const isOperand = next.terminals.has("float");
  return [...next.terminals]
    .filter((text) => !KINDS.has(text) && (isOperand || !REFUSED.includes(text)))
    .filter((text) => (word === "" ? true : text.startsWith(word)))
    .map((text) => ({ text, from, kind: "operator", ...NO_NAME }));
}

const KINDS: ReadonlySet<string> = new Set(["identifier", "global", "integer", "float", "string"]);
const NO_NAME = { detail: undefined, classes: undefined } as const;

/** `<` may become `<=` or `<<`. */
function longerOperators(tokens: readonly Token[], prefix: string): readonly Completion[] {
  const last = tokens.at(-1);
  if (last === undefined || last.type !== "punctuation" || last.end !== prefix.length) return [];
  const before = continuation(tokens.slice(0, -1));
  if (before === undefined) return [];
  return operators(before, last.text, last.start).filter(({ text }) => text !== last.text);
}

/** `5m` may become `5ms` or `5min`. */
function units(tokens: readonly Token[], prefix: string): readonly Completion[] {
  const last = tokens.at(-1);
  if (last === undefined || last.end !== prefix.length) return [];
  const number = last.type === "integer" ? last : tokens.at(-2);
  if (number?.type !== "integer" || !/^(?:0|[1-9]\d*)[A-Za-z]*$/.test(number.text)) return [];
  if (number !== last && (last.type !== "identifier" || last.start !== number.end)) return [];
  const digits = /^\d+/.exec(number.text)?.[0] ?? "";
  const typed = prefix.slice(number.start + digits.length).toLowerCase();
  return UNIT_NAMES.filter((unit) => unit.toLowerCase().startsWith(typed) && unit !== typed).map(
    (unit) => ({ text: digits + unit, from: number.start, kind: "unit", ...NO_NAME }),
  );
}

// --- texts

/** A string that is not closed yet, and the name it is compared with. */
interface OpenText {
  readonly quote: string;
  readonly start: number;
  readonly text: string;
  readonly head: readonly Token[];
}

function openText(prefix: string): OpenText | undefined {
  for (const quote of ['"', "'"]) {
    const start = prefix.lastIndexOf(quote);
    const head = start === -1 ? undefined : tokensOf(prefix.slice(0, start));
    if (head !== undefined) return { quote, start, text: prefix.slice(start + 1), head };
  }
  return undefined;
}

/** Event names, where one is being typed. */
function eventNames(
  { quote, start, text, head }: OpenText,
  environments: Iterable<LinkEnvironment>,
): readonly Completion[] {
  const compared = head.map((token) => token.text).join(" ");
  if (!/\$event \. name \??\s*(?:[=!]=|in \((?: "[^"]*" ,| '[^']*' ,)*)$/.test(compared)) return [];
  const counts = new Map<string, number>();
  for (const { eventClass } of environments)
    counts.set(eventClass.name, (counts.get(eventClass.name) ?? 0) + 1);
  return [...counts]
    .filter(([name]) => name.toLowerCase().startsWith(text.toLowerCase()) && !name.includes(quote))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, classes]) => {
      return { text: quote + name + quote, from: start, kind: "event", detail: undefined, classes };
    });
}
