/** The syntax tree of a query, and the constructors that `grammar/query.ne` calls. */

import type { Span } from "../base/text.ts";
import { type Expression, type Path, type Reference, reference } from "../filter/ast.ts";
import type { Token } from "../filter/lexer.ts";
import { symbolText } from "../filter/symbol.ts";

/** A name of a column, as it is written: `syscall`, `$ctx.vtid`, `begin.request_id`. */
export interface Name extends Span {
  readonly text: string;
  readonly reference: Reference;
}

/** A table by its name: what the rows are from here on. */
export interface TableStage extends Span {
  readonly kind: "table";
  readonly name: string;
}

/** Events by a glob over their names. */
export interface EventGlob extends Span {
  readonly glob: string;
  readonly where: Expression | undefined;
}

/** Intervals from a first event to its second. */
export interface PairStage extends Span {
  readonly kind: "pair";
  readonly first: EventGlob;
  readonly second: EventGlob;
  readonly by: readonly Name[];
  readonly within: Token | undefined;
}

export interface WhereStage extends Span {
  readonly kind: "where";
  readonly condition: Expression;
}

export interface Item extends Span {
  readonly value: Expression;
  readonly label: string | undefined;
}

export interface SelectStage extends Span {
  readonly kind: "select";
  readonly items: readonly Item[];
}

/** One aggregate: `p99(dt)`, `errors = count() if (ret < 0)`. */
export interface Measure extends Span {
  readonly label: Token | undefined;
  readonly name: Token;
  readonly args: readonly Expression[];
  readonly condition: Expression | undefined;
}

export interface AggregateStage extends Span {
  readonly kind: "aggregate";
  readonly measures: readonly Measure[];
  readonly by: readonly Name[];
  readonly every: Token | undefined;
  readonly slide: Token | undefined;
}

export interface Order extends Span {
  readonly name: Name;
  readonly isDescending: boolean;
}

export interface SortStage extends Span {
  readonly kind: "sort";
  readonly orders: readonly Order[];
}

export interface TopStage extends Span {
  readonly kind: "top";
  readonly count: Token;
  readonly by: Name;
  readonly per: readonly Name[];
}

export interface LimitStage extends Span {
  readonly kind: "limit";
  readonly count: Token;
}

export type Stage =
  | TableStage
  | PairStage
  | WhereStage
  | SelectStage
  | AggregateStage
  | SortStage
  | TopStage
  | LimitStage;

export interface Query {
  readonly filter: Expression | undefined;
  readonly stages: readonly Stage[];
  /** Signs `|` and `>` that do not touch each other. */
  readonly apart: Span | undefined;
}

interface Piped {
  readonly stage: Stage;
  readonly apart: Span | undefined;
}

export function query(filter: Expression | undefined, stages: readonly Piped[]): Query {
  const apart = stages.find((one) => one.apart !== undefined)?.apart;
  return { filter, stages: stages.map(({ stage }) => stage), apart };
}

export function piped(bar: Token, arrow: Token, stage: Stage): Piped {
  const apart = bar.end === arrow.start ? undefined : { start: bar.start, end: arrow.end };
  return { stage, apart };
}

export function table(name: Token): TableStage {
  return { kind: "table", name: name.text, ...spanOf(name) };
}

export function eventGlob(name: Token, where: Expression | undefined): EventGlob {
  const glob = name.type === "string" ? name.text.replace(/^L?["'](.*)["']$/s, "$1") : name.text;
  return { glob, where, start: name.start, end: where?.end ?? name.end };
}

export function pair(
  word: Token,
  first: EventGlob,
  second: EventGlob,
  by: readonly Name[] = [],
  within?: Token,
): PairStage {
  const { end } = within ?? by.at(-1) ?? second;
  return { kind: "pair", first, second, by, within, start: word.start, end };
}

export function where(word: Token, condition: Expression): WhereStage {
  return { kind: "where", condition, start: word.start, end: condition.end };
}

export function select(word: Token, items: readonly Item[]): SelectStage {
  return { kind: "select", items, start: word.start, end: items.at(-1)!.end };
}

export function item(value: Expression, label: Token | undefined): Item {
  return { value, label: label?.text, start: value.start, end: label?.end ?? value.end };
}

export function measure(
  label: Token | undefined,
  name: Token,
  args: readonly Expression[],
  close: Token,
  condition: Expression | undefined,
  last: Token | undefined,
): Measure {
  const start = (label ?? name).start;
  return { label, name, args, condition, start, end: (last ?? close).end };
}

export function aggregate(
  measures: readonly Measure[],
  by: readonly Name[] = [],
  every?: Token,
  slide?: Token,
): AggregateStage {
  const { start } = measures[0]!;
  const { end } = slide ?? every ?? by.at(-1) ?? measures.at(-1)!;
  return { kind: "aggregate", measures, by, every, slide, start, end };
}

export function name(path: Path): Name {
  const own = reference(path, undefined);
  return { text: symbolText(own), reference: own, start: path.start, end: path.end };
}

export function order(name: Name, direction: Token | undefined): Order {
  const isDescending = direction?.text === "desc";
  return { name, isDescending, start: name.start, end: direction?.end ?? name.end };
}

export function sort(word: Token, orders: readonly Order[]): SortStage {
  return { kind: "sort", orders, start: word.start, end: orders.at(-1)!.end };
}

export function top(word: Token, count: Token, by: Name, per: readonly Name[] = []): TopStage {
  return { kind: "top", count, by, per, start: word.start, end: (per.at(-1) ?? by).end };
}

export function limit(word: Token, count: Token): LimitStage {
  return { kind: "limit", count, start: word.start, end: count.end };
}

function spanOf({ start, end }: Span): Span {
  return { start, end };
}
