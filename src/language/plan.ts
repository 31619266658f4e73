/** A query's plan: what is asked of the scan, and which operators its rows go through. */

import { FilterError } from "../base/errors.ts";
import { columnRequest } from "../column/request.ts";
import type { Expression } from "../filter/ast.ts";
import { all } from "../filter/build.ts";
import { compileExpression } from "../filter/compile.ts";
import {
  anyOf,
  type ContainerCondition,
  describeCondition,
} from "../filter/container-condition.ts";
import { parse } from "../filter/parse.ts";
import { AggregateRows } from "../operators/aggregate/aggregate.ts";
import { paneLength } from "../operators/aggregate/windows.ts";
import { Limit } from "../operators/limit.ts";
import type { Operator } from "../operators/operator.ts";
import { Project, type Projection } from "../operators/rows/project.ts";
import { Sort } from "../operators/rows/sort.ts";
import { Where } from "../operators/rows/where.ts";
import { EVERYTHING, type Question } from "../query/question.ts";
import { aggregateSpec, extend, favouredBy, widthOf } from "./aggregate-spec.ts";
import { type BoundAggregate, bindAggregate } from "./bind-aggregate.ts";
import { containersAsked, splitTerms } from "./container-terms.ts";
import { conditionOnEvents } from "./event-columns.ts";
import { wrongStage } from "./language-error.ts";
import { rowCount } from "./number-literals.ts";
import { pairTable } from "./pair-table.ts";
import { parseQuery } from "./parse-query.ts";
import type { OpenOptions, PlannedQuery } from "./planned-query.ts";
import type {
  AggregateStage,
  Item,
  LimitStage,
  Name,
  PairStage,
  Query,
  SelectStage,
  SortStage,
  Stage,
  TableStage,
  TopStage,
} from "./query-ast.ts";
import { computation, isCondition, rowProgram } from "./row-expressions.ts";
import { EventScope, FixedScope, type Scope, TableScope } from "./scope.ts";
import { nameHint } from "./slips.ts";
import { misplacedTable, tableNamed } from "./stage-names.ts";
import { overTable } from "./table-plan.ts";
import type { TableDefinition } from "./tables/definition.ts";
import { TypeCheck } from "./type-check.ts";

/**
 * Plans a query.
 * @param base what is asked besides the text: events, time range, a container
 * @throws FilterError with the place in the text
 */
export function planQuery(text: string, base: Partial<Question> = {}): PlannedQuery {
  return new Planner(text, { ...EVERYTHING, hintFor: nameHint, ...base }).plan(parseQuery(text));
}

/**
 * Plans a query over rows that are there already, with the columns that they have: a filter, and stages but for tables.
 * @param columns their names, in order
 * @throws FilterError with the place in the text, `QUERY_NAME` for what is no column
 */
export function planRows(text: string, columns: readonly string[]): PlannedQuery {
  return new Planner(text, EVERYTHING, columns).plan(parseQuery(text));
}

/**
 * The names that a stage behind some others can use, as far as they are known without a trace.
 * @returns `isOpen`: whether events bring further ones
 */
export function namesBehind(text: string): { names: readonly string[]; isOpen: boolean } {
  try {
    const planner = new Planner(text, EVERYTHING);
    return planner.namesBehind(parseQuery(text));
  } catch (error) {
    if (error instanceof FilterError) return { names: [], isOpen: false };
    throw error;
  }
}

class Planner {
  readonly #text: string;
  #base: Question;
  /** The condition that the scan gets. */
  #filter: Expression | undefined;
  #events: EventScope | undefined;
  #table: TableDefinition | undefined;
  #tableScope: TableScope | undefined;
  #scope: Scope;
  #sets: PlannedQuery["sets"];
  #limit: number | undefined;
  readonly #operators: ((options: OpenOptions) => Operator)[] = [];
  readonly #steps: string[] = [];
  /** Places of what orders events, or a table's rows, whose columns no stage has chosen. */
  readonly #orderedBy: number[] = [];
  /** Whether rows are there already. */
  readonly #areRows: boolean;
  #paneNs: bigint | undefined;
  #fold: Question["fold"];

  /** @param columns of rows that are there already; without them, the rows are events */
  constructor(text: string, base: Question, columns?: readonly string[]) {
    this.#text = text;
    this.#base = base;
    this.#areRows = columns !== undefined;
    this.#events = columns === undefined ? new EventScope(text) : undefined;
    this.#scope = this.#events ?? new FixedScope(columns ?? [], text);
  }

  plan(query: Query): PlannedQuery {
    this.#bind(query);
    return this.#finish();
  }

  namesBehind(query: Query): { names: readonly string[]; isOpen: boolean } {
    this.#bind(query);
    return { names: this.#scope.names, isOpen: !(this.#scope instanceof FixedScope) };
  }

  #bind({ filter, stages }: Query): void {
    const rest = [...stages];
    const [first] = rest;
    if (first?.kind === "table" || first?.kind === "pair") {
      rest.shift();
      if (this.#events === undefined) this.#refuseTable(first);
      this.#openTable(first);
    }
    if (filter !== undefined) this.#where(filter);
    rest.forEach((stage, i) => {
      this.#stage(stage, rest.slice(i + 1));
    });
  }

  #refuseTable(stage: TableStage | PairStage): void {
    if (stage.kind === "table" && stage.name === "events") return;
    const name = stage.kind === "pair" ? "pair" : stage.name;
    throw wrongStage(this.#text, stage, name, "tables are made of events; these are rows");
  }

  #openTable(stage: TableStage | PairStage): void {
    if (stage.kind === "table" && stage.name === "events") return;
    const table =
      stage.kind === "pair" ? pairTable(stage, this.#text) : tableNamed(stage, this.#text);
    if (this.#base.events.length > 0)
      throw wrongStage(this.#text, stage, table.name, "a table chooses its events by itself");
    this.#table = table;
    this.#tableScope = new TableScope(table, this.#text);
    this.#events = undefined;
    this.#scope = this.#tableScope;
    if (table.sharesContainer !== true) this.#selectContainer(this.#tableScope);
  }

  /** A container that is asked for beside the text is one of rows where their events may be of several. */
  #selectContainer(scope: TableScope): void {
    const { container } = this.#base;
    if (container === undefined) return;
    const text = describeCondition(container);
    const program = rowProgram(parse(text), scope, text);
    this.#operators.push(() => new Where(program));
    this.#steps.push(`where ${text}`);
    this.#base = { ...this.#base, container: undefined };
    this.#namesOf(container);
  }

  /** Notes containers that are asked for behind the scan. */
  #namesOf(condition: ContainerCondition | undefined): void {
    const decidedLater = anyOf([this.#base.decidedLater, condition]);
    this.#base = { ...this.#base, decidedLater };
  }

  #stage(stage: Stage, later: readonly Stage[]): void {
    switch (stage.kind) {
      case "where":
        this.#where(stage.condition, true);
        break;
      case "select":
        this.#select(stage);
        break;
      case "aggregate":
        this.#aggregate(stage, later);
        break;
      case "sort":
        this.#sort(stage);
        break;
      case "top":
        this.#top(stage);
        break;
      case "limit":
        this.#limitRows(stage);
        break;
      case "table":
      case "pair":
        throw misplacedTable(this.#text, stage);
    }
  }

  // --- stages

  #where(condition: Expression, isStage: boolean = false): void {
    const isOfAll = this.#operators.length === 0 && this.#limit === undefined;
    if (this.#scope === this.#events && isOfAll) {
      this.#filter = all([this.#filter, isStage ? conditionOnEvents(condition) : condition]);
      return;
    }
    let rest: Expression | undefined = condition;
    if (this.#scope === this.#tableScope && this.#operators.length === 0)
      rest = this.#pushDown(condition);
    if (rest === undefined) return;
    this.#namesOf(containersAsked(rest, this.#text));
    // A filter that asks for a column that a row lacks does not hold of it, as of events without the field.
    const program = rowProgram(rest, this.#scope, this.#text, this.#areRows && !isStage);
    this.#add("where", () => new Where(program), rest);
  }

  /** Gives the scan what holds for all events of a row alike; the rest of the condition. */
  #pushDown(condition: Expression): Expression | undefined {
    if (this.#table?.sharesContainer !== true) return condition;
    const { onContainers, others } = splitTerms(condition);
    this.#filter = all([this.#filter, ...onContainers]);
    return all(others);
  }

  #select({ items }: SelectStage): void {
    const projections = items.map((item) => this.#projection(item));
    const names = projections.map(({ name }) => name);
    const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
    if (twice !== -1)
      throw wrongStage(
        this.#text,
        items[twice]!,
        "select",
        `expected names that differ, got ${names[twice]} twice; name one, such as … as ${names[twice]}_2`,
      );
    this.#project(projections);
  }

  #projection({ value, label, start, end }: Item): Projection {
    if (value.kind === "reference") {
      const at = this.#scope.place(value);
      return { kind: "keep", at, name: label ?? this.#scope.name(at) };
    }
    const name = label ?? this.#text.slice(start, end);
    if (isCondition(value))
      return { kind: "truth", program: rowProgram(value, this.#scope, this.#text), name };
    return { kind: "compute", computation: computation(value, this.#scope, this.#text), name };
  }

  #project(projections: readonly Projection[]): void {
    this.#add("select", () => new Project({ projections, keepsInput: false }));
    this.#scope = new FixedScope(
      projections.map(({ name }) => name),
      this.#text,
    );
  }

  #aggregate(stage: AggregateStage, later: readonly Stage[]): void {
    const events = this.#scope === this.#events ? this.#events : undefined;
    const bound = bindAggregate(
      stage,
      this.#scope,
      this.#text,
      events && ((request) => events.placeOf(request)),
    );
    const { window, measures, extras, rules, names } = bound;
    const weight = events && this.#foldedBy(bound, events);
    const scope = this.#scope;
    if (scope === this.#tableScope && measures.some(({ isAmount }) => isAmount) && window)
      this.#paneNs = paneLength(window);
    const width = (): number => widthOf(scope);
    this.#operators.push(() => new TypeCheck(rules, this.#text));
    if (extras.length > 0) this.#operators.push(() => extend(extras));
    // What is aggregated again is only so when it is whole.
    const favours = favouredBy(bound, later[0]);
    const showsSnapshots = later.every(({ kind }) => kind !== "aggregate");
    this.#add(
      "aggregate",
      (options) =>
        new AggregateRows(
          aggregateSpec(bound, weight, width(), options, options.isLive && showsSnapshots, favours),
        ),
      stage,
    );
    this.#scope = new FixedScope(names, this.#text);
    this.#sets = window === undefined ? "totals" : "windows";
  }

  /** Where rows are only counted, equal ones may come as one: the place of their number. */
  #foldedBy({ measures, window }: BoundAggregate, events: EventScope): number | undefined {
    const isCounted = measures.every(
      ({ aggregate, column }) =>
        (aggregate === "count" || aggregate === "rate") && column === undefined,
    );
    if (!isCounted || this.#operators.length > 0) return undefined;
    this.#fold = { paneNs: window && paneLength(window) };
    return events.placeOf({ kind: "weight" });
  }

  #sort({ orders, start, end }: SortStage): void {
    const bound = orders.map(({ name, isDescending }) => ({
      at: this.#orderPlace(name),
      isDescending,
    }));
    const isSet = this.#sets !== undefined;
    this.#add(
      "sort",
      ({ isLive }) => new Sort({ orders: bound, most: undefined, per: [], isSet, isLive }),
      { start, end },
    );
  }

  #top({ count, by, per, start, end }: TopStage): void {
    const orders = [{ at: this.#orderPlace(by), isDescending: true }];
    const places = per.map((name) => this.#orderPlace(name));
    const most = rowCount(count, "top", this.#text);
    const isPerWindow = per.some((name) => name.text === "window");
    const isSet = this.#sets === "totals" || (this.#sets === "windows" && isPerWindow);
    this.#add("top", ({ isLive }) => new Sort({ orders, most, per: places, isSet, isLive }), {
      start,
      end,
    });
    if (!isSet) this.#sets = "totals";
  }

  #limitRows({ count }: LimitStage): void {
    const rows = rowCount(count, "limit", this.#text);
    if (this.#operators.length === 0 && this.#events !== undefined)
      this.#limit = Math.min(rows, this.#limit ?? rows);
    else
      this.#add("limit", () => new Limit(rows, this.#sets === "totals" ? "batch" : "all"), count);
  }

  /** The place of what orders rows: it is shown where no stage chooses columns. */
  #orderPlace({ reference }: Name): number {
    const at = this.#scope.place(reference);
    if (this.#scope instanceof TableScope) this.#scope.isOrdered = true;
    if (!(this.#scope instanceof FixedScope)) this.#orderedBy.push(at);
    return at;
  }

  /** The columns of a table, or of events that were ordered, where none are selected; with those that order them. */
  #projectShown(scope: TableScope | EventScope): void {
    const placeShown = (name: string): number =>
      scope instanceof TableScope ? scope.placeShown(name) : scope.placeOf(columnRequest(name));
    const shown = this.#table?.shown ?? ["timestamp", "event"];
    const last = this.#table === undefined ? ["payload"] : [];
    const places = [...shown.map(placeShown), ...this.#orderedBy, ...last.map(placeShown)];
    // What orders them stands for what would be shown by its name.
    const byName = new Map(places.map((at) => [scope.name(at), at]));
    for (const at of this.#orderedBy) byName.set(scope.name(at), at);
    this.#project([...byName].map(([name, at]) => ({ kind: "keep", at, name })));
  }

  // --- the whole

  #finish(): PlannedQuery {
    if (this.#scope instanceof TableScope) this.#projectShown(this.#scope);
    if (this.#scope instanceof EventScope && this.#orderedBy.length > 0)
      this.#projectShown(this.#scope);
    const filter = this.#filter && compileExpression(this.#filter, this.#text);
    const question: Question = { ...this.#base, filter, fold: this.#fold, ...this.#limited() };
    const table = this.#table;
    const plan = { text: this.#text, sets: this.#sets, steps: this.#steps };
    if (table !== undefined) {
      const { columns } = this.#tableScope!;
      return {
        ...plan,
        ...overTable(table, columns, question, { paneNs: this.#paneNs, behind: this.#operators }),
      };
    }
    const operators = this.#operators;
    const isPlain = operators.length === 0 && this.#events !== undefined;
    const select = isPlain ? this.#base.select : this.#events?.requests;
    return {
      ...plan,
      isPlain,
      question: { ...question, select },
      open: (options) => operators.map((open) => open(options)),
    };
  }

  #limited(): Partial<Question> {
    const { limit } = this.#base;
    const own = this.#limit;
    if (own === undefined) return {};
    return { limit: limit === undefined ? own : Math.min(own, limit) };
  }

  #add(
    what: string,
    open: (options: OpenOptions) => Operator,
    span?: { readonly start: number; readonly end: number },
  ): void {
    this.#operators.push(open);
    const text = span === undefined ? "" : this.#text.slice(span.start, span.end);
    this.#steps.push(text.startsWith(what) || text === "" ? text || what : `${what} ${text}`);
  }
}
