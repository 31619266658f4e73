/** A query as text: its filter, the terms of that, and terms that a click adds. */

/** Places of `|>`, `&&`, `||` outside quotes and parentheses. */
function operatorsIn(text: string): readonly { readonly at: number; readonly operator: string }[] {
  const found: { at: number; operator: string }[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const one = text[at]!;
    if (one === '"' || one === "'" || one === "`") at = closing(text, at);
    else if (one === "(" || one === "[") depth++;
    else if (one === ")" || one === "]") depth--;
    else if (depth <= 0 && /^(\|>|&&|\|\|)/.test(text.slice(at, at + 2))) {
      found.push({ at, operator: text.slice(at, at + 2) });
      at++;
    }
  }
  return found;
}

/** Where a quoted text ends. */
function closing(text: string, begin: number): number {
  for (let at = begin + 1; at < text.length; at++)
    if (text[at] === "\\") at++;
    else if (text[at] === text[begin]) return at;
  return text.length;
}

/** What no filter begins with: an aggregate, a word of a stage with what it needs, a table. @see language/leading-stage.ts */
const STAGE =
  /^\s*((\w+\s*=\s*)?\w+\s*\(|(where|select|sort|top|limit|pair)\s+[\w$"'`!~(]|(events|syscalls|slices|blocked|wakeups|irqs|io|pages|net)\s*(\|>|$))/;

/** The filter before the first stage; empty for a query with a name, `@cpu`, or with stages only. */
export function filterOf(query: string): string {
  if (query.startsWith("@") || STAGE.test(query)) return "";
  const stage = operatorsIn(query).find(({ operator }) => operator === "|>");
  return (stage === undefined ? query : query.slice(0, stage.at)).trim();
}

/** The terms of a filter that all must hold. */
export function termsOf(filter: string): readonly string[] {
  if (filter === "") return [];
  const operators = operatorsIn(filter);
  if (operators.some(({ operator }) => operator === "||")) return [filter];
  const terms: string[] = [];
  let from = 0;
  for (const { at } of operators) {
    terms.push(filter.slice(from, at).trim());
    from = at + 2;
  }
  return [...terms, filter.slice(from).trim()];
}

/** A filter that demands a term, too; once if it does so already. */
export function withTerm(filter: string, term: string): string {
  if (filter === "") return term;
  const terms = termsOf(filter);
  if (terms.includes(term)) return filter;
  const hasAlternatives = operatorsIn(filter).some(({ operator }) => operator === "||");
  return `${hasAlternatives ? `(${filter})` : filter} && ${term}`;
}

/** A filter without some of the terms that it demands. */
export function withoutTerms(filter: string, isOut: (term: string) => boolean): string {
  return termsOf(filter)
    .filter((term) => !isOut(term))
    .join(" && ");
}

/** A filter and the stages behind it. */
export function joined(filter: string, stages: string): string {
  return filter === "" ? stages : `${filter} ${stages}`;
}

/**
 * Terms for a field that has a text. Literals have no escape for quotes: a text with both kinds is matched twice, with a
 * star in the place of either.
 */
export function textTerm(field: string, text: string, operator: "==" | "!=" = "=="): string {
  const escaped = text.replace(/[\\*]/g, (one) => `\\${one}`);
  if (!escaped.includes('"')) return `${field} ${operator} "${escaped}"`;
  if (!escaped.includes("'")) return `${field} ${operator} '${escaped}'`;
  const double = `${field} ${operator} "${escaped.replaceAll('"', "*")}"`;
  const single = `${field} ${operator} '${escaped.replaceAll("'", "*")}'`;
  return operator === "==" ? `${double} && ${single}` : `(${double} || ${single})`;
}

/** A term for a field that has a value. */
export function valueTerm(field: string, value: unknown, operator: "==" | "!=" = "=="): string {
  if (typeof value === "number" || typeof value === "bigint")
    return `${field} ${operator} ${value}`;
  if (typeof value === "boolean") return `${field} ${operator} ${Number(value)}`;
  return textTerm(field, String(value), operator);
}

/** The events of one container. */
export function containerTerm(name: string): string {
  return textTerm("$container.name", name);
}

/** A text as one word of a shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
