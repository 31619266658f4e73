/** Hints for what people write who come from SQL, Splunk, Kusto or a shell. */

import type { Token } from "../filter/lexer.ts";
import { isMatch } from "../filter/parse.ts";
import { FUNCTIONS } from "./bind-aggregate.ts";
import { columnHint, foreignStage } from "./foreign-names.ts";
import { STAGE_WORDS, stageGoesOn, TABLE_NAMES } from "./stage-names.ts";

/** What other languages call an aggregate stage. */
const FOREIGN: ReadonlySet<string> = new Set(["stats", "summarize", "summarise", "group", "agg"]);
const CLAUSES: ReadonlySet<string> = new Set(["by", "every", "if", "where"]);
const SQL = /^(SELECT|WITH)$/;
/** How other languages cut time into windows. */
const BINS = /^(bin|time_bucket|date_trunc|window|tumble|hop|floor|time|interval)$/i;
const UNIT = /^(ns|us|µs|ms|s|min|h|d)$/;

/** What may help where a query is refused at a token; "" if nothing is known of it. */
export function slipHint(tokens: readonly Token[], token: Token | undefined): string {
  const hint = token === undefined ? hintAtEnd(tokens) : hintAt(tokens, token);
  return hint === undefined ? "" : ` (${hint})`;
}

function hintAtEnd(tokens: readonly Token[]): string | undefined {
  const at = tokens.length - 2;
  return isStageBegin(tokens, at) ? stageGoesOn(tokens[at]!.text)?.hint : undefined;
}

function hintAt(tokens: readonly Token[], token: Token): string | undefined {
  const at = tokens.indexOf(token);
  const before = tokens[at - 1]?.text ?? "";
  const pipe = tokens.findIndex(({ text }) => text === "|");
  const isPiped = pipe !== -1 && pipe < at && tokens[pipe + 1]?.text === ">";
  const first = tokens[0]?.text ?? "";
  if (/^\d+$/.test(before) && UNIT.test(token.text))
    return `a duration has no blank: ${before}${token.text}`;
  if (!isPiped && SQL.test(first))
    return "stages instead of clauses: |> syscalls |> count() by syscall";
  if (!isPiped) {
    const begin = pipe !== -1 && pipe < at ? tokens[pipe + 1]!.text : first;
    return stageHint(begin) ?? stageHint(token.text);
  }
  if (isMatch(tokens, token)) return 'texts match globs: event == "sched_*"';
  if ((before === "by" && token.type === "integer") || (token.text === "(" && BINS.test(before)))
    return "windows stand behind the keys: count() by event every 1s";
  if (token.text === "*" && before === "(" && isFunction(tokens[at - 2]?.text ?? ""))
    return `write ${tokens[at - 2]!.text}()`;
  if (token.text === "order" || token.text === "sort")
    return "order is a stage of its own: |> sort count desc";
  const small = token.text.toLowerCase();
  if (small !== token.text && (CLAUSES.has(small) || STAGE_WORDS.includes(small)))
    return `words are in small letters: ${small}`;
  const more = isStageBegin(tokens, at - 1) ? stageGoesOn(before) : undefined;
  if (more !== undefined) return more.hint;
  if (isStageBegin(tokens, at - 2) && (before === "by" || tokens[at - 2]!.text === "top"))
    return stageGoesOn(tokens[at - 2]!.text)?.hint;
  if (token.text === "by" && tokens[at - 2]?.text === "every")
    return "keys stand before the windows: count() by event every 1s";
  if (token.text === "per") return "keys stand behind by: count() by event";
  if (token.text === "having") return foreignStage("having");
  if (token.text === "(" && isFunction(before))
    return `an aggregate is a stage of its own: |> ${before}() by event`;
  if (/^p9+$/.test(before) && /^\.9+$/.test(token.text)) return "write p999()";
  const stage = foreignStage(before);
  if (stage !== undefined) return stage;
  if (FOREIGN.has(before)) return "an aggregate stands for itself: |> count() by event";
  if (isFunction(before) && token.text !== "(") return `write ${before}()`;
  if (token.text === "as") return "an aggregate's name stands before it: total = count()";
  if (token.text === "if")
    return "if (…) stands behind its aggregate: count() if (ret < 0) by event";
  if (token.text === "where" && before === ")")
    return "write count() if (ret < 0), or a stage before: |> where ret < 0 |> count()";
  if (before === "|" || beginsStage(token.text) || CLAUSES.has(token.text))
    return 'stages are apart by "|>"';
  return undefined;
}

/** Whether a word is the first of its stage, and not a table or a column of that name. */
function isStageBegin(tokens: readonly Token[], at: number): boolean {
  return tokens[at - 1]?.text === ">" && tokens[at - 2]?.text === "|";
}

/** What helps where a name stands that nothing has. */
export function nameHint(name: string): string | undefined {
  return stageHint(name) ?? columnHint(name);
}

/** What helps where a word that begins a stage stands in the filter; `undefined` for other words. */
function stageHint(word: string): string | undefined {
  if (!beginsStage(word)) return undefined;
  return `a stage stands behind |>: |> ${word}${isFunction(word) ? "()" : ""} …`;
}

function beginsStage(word: string): boolean {
  const isOurs = STAGE_WORDS.includes(word) || TABLE_NAMES.includes(word) || isFunction(word);
  return isOurs || FOREIGN.has(word);
}

function isFunction(word: string): boolean {
  return FUNCTIONS.includes(word);
}
