/**
 * Plans a query and runs it: finds out by itself whether it needs containers, what of that the scan can decide, and which
 * operators its rows go through. CLI, server and library all come through here, so that they cannot differ.
 */

import { defer, map, Observable, type Subscription } from "rxjs";
import { defaultRequests } from "../column/layout.ts";
import {
  type ColumnRequest,
  type ContainerFact,
  columnName,
  columnRequest,
} from "../column/request.ts";
import type { Schema } from "../column/schema.ts";
import { selectedRequests } from "../column/selection.ts";
import type { Container } from "../containers/container.ts";
import type { Registry } from "../containers/registry.ts";
import type { DecodedItem } from "../feed/decoded-item.ts";
import type { Feed, FeedSubscription } from "../feed/feed.ts";
import { programOf } from "../filter/build.ts";
import type { Program } from "../filter/bytecode.ts";
import { anyOf, type ContainerCondition, factsIn } from "../filter/container-condition.ts";
import { replaceContainers } from "../filter/split-containers.ts";
import { DEFAULT_MAX_LAG_MS, type Execution } from "../query/execution.ts";
import { HeldReader } from "../query/held-reader.ts";
import type { Question } from "../query/question.ts";
import type { ResultItem } from "../query/result.ts";
import { runQuery } from "../query/run.ts";
import type { ReadOptions } from "../source/source.ts";
import { through } from "./chain.ts";
import { Contain, type ContainOptions, type FactColumn } from "./contain/contain.ts";
import { exactPart } from "./contain/exact-pushdown.ts";
import { haveHostIds, neededIds } from "./contain/host-ids.ts";
import { LiveNames, withNames } from "./contain/live-names.ts";
import { NameWatch } from "./contain/name-watch.ts";
import { pushedDown, scanned, wantedNamespaces, withPart } from "./contain/pushdown.ts";
import { RecordedNames } from "./contain/recorded-names.ts";
import type { Asked } from "./contain/resolver.ts";
import { BY_NAMESPACE, IDENTITY_COLUMNS } from "./contain/row-identity.ts";
import { Limit } from "./limit.ts";
import type { Operator } from "./operator.ts";

/** Where the names of a feed's containers come from. */
export type NameSource =
  | { readonly kind: "recorded"; readonly names: RecordedNames }
  /** `followed`: names that have taken every item before the query gets it; without them the query follows its own items. */
  | { readonly kind: "live"; readonly followed?: LiveNames | undefined };

/** Rows that are asked for by their container wait this long for its name: a slow machine's `docker run`, and more. */
const NAME_WAIT_MS = 10_000;
/** Rows that only show it wait for what is on its way. */
const SHOWN_NAME_WAIT_MS = 1000;

/**
 * Where a query that is alone on its feed gets names from.
 * @param onProgress called with how many bytes of recorded traces have been read for their container state, of how many
 */
export function namesOf(
  feed: Pick<Feed, "isLive" | "share" | "traces">,
  threads?: Execution["threads"],
  onProgress?: ReadOptions["onProgress"],
): NameSource {
  if (feed.isLive) return { kind: "live" };
  const share = (options?: ReadOptions): FeedSubscription => feed.share({ ...options, onProgress });
  const traces = { share, traces: () => feed.traces() };
  return { kind: "recorded", names: new RecordedNames(traces, threads) };
}

/** Whether a query asks for containers at all. */
export function asksForContainers({ select, container, filter }: Question): boolean {
  const selects = select?.some((one) => requestOf(one).kind === "container") ?? false;
  return selects || container !== undefined || filter?.containers !== undefined;
}

/** The facts of containers that a query shows or asks for. */
export function containerFactsOf(question: Question): ReadonlySet<ContainerFact> {
  const requests = (question.select ?? []).map(requestOf);
  const shown = requests.flatMap((one) => (one.kind === "container" ? one.fact : []));
  return new Set([...shown, ...conditionsOf(question).flatMap(factsIn)]);
}

/**
 * Runs a query. Without a selection, a query that asks for containers shows `container` before the payload.
 * @param share the rows' part of the feed
 */
export function runQuestion(
  asked: Question,
  execution: Execution,
  share: FeedSubscription,
  source: () => NameSource,
): Observable<ResultItem> {
  return defer(() => {
    const question = { ...asked, select: asked.select && selectedRequests(asked.select) };
    return run(question, execution, share, source);
  });
}

function run(
  question: Question,
  execution: Execution,
  share: FeedSubscription,
  source: () => NameSource,
): Observable<ResultItem> {
  if (!asksForContainers(question)) return runQuery(question, execution, share.items, share.gate);
  const names = source();
  return names.kind === "live"
    ? live(question, execution, share, names.followed)
    : recorded(question, execution, share, names.names);
}

function live(
  question: Question,
  execution: Execution,
  share: FeedSubscription,
  followed?: LiveNames,
): Observable<ResultItem> {
  const names = followed ?? new LiveNames();
  // Rows must come in step with the names, which are kept for a while only: no thread reads ahead.
  for (const thread of execution.threads ?? []) void thread.terminate();
  const here = { ...execution, threads: undefined };
  const asked = askedOf(question);
  const isAsked = asked.required !== undefined || asked.cases.length > 0;
  const waitMs = (): number => {
    // A container that is asked for may be the first of which anything is reported.
    if (isAsked) return execution.nameWaitMs ?? NAME_WAIT_MS;
    return names.areReported ? (execution.nameWaitMs ?? SHOWN_NAME_WAIT_MS) : 0;
  };
  const watch = watchOf(
    question,
    (condition) => new NameWatch(condition, names.registry, () => names.hostNames, true),
  );
  const rows = (items: Observable<DecodedItem>): Observable<ResultItem> =>
    contained(
      { ...question, filter: scanned(question.filter) },
      here,
      { ...share, items },
      names.registry,
      {
        asked,
        waitMs,
        watch,
      },
    );
  if (followed !== undefined) return rows(share.items);
  // Names and rows are of the same bytes.
  const held = new HeldReader();
  const items = share.items.pipe(
    map((item) => (item.kind === "held-packet" ? held.read(item) : item)),
  );
  return withNames(items, names, execution.maxLagMs ?? DEFAULT_MAX_LAG_MS, rows);
}

/** Container records anywhere in the traces hold from the first event on, so that all of them are read first. */
function recorded(
  question: Question,
  execution: Execution,
  share: FeedSubscription,
  names: RecordedNames,
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    let rows: Subscription | undefined;
    const leave = names.follow({
      ready: () => {
        rows = recordedRows(question, execution, share, names).subscribe(subscriber);
      },
      failed: (error) => subscriber.error(error),
    });
    return () => {
      leave();
      rows?.unsubscribe();
      for (const thread of execution.threads ?? []) void thread.terminate();
    };
  });
}

/** The state being known, rows are resolved only where the scan cannot decide. */
function recordedRows(
  question: Question,
  execution: Execution,
  share: FeedSubscription,
  names: RecordedNames,
): Observable<ResultItem> {
  const { registry } = names;
  const { traceClasses } = names;
  const asked = askedOf(question);
  const watch = watchOf(
    question,
    (condition) => new NameWatch(condition, registry, () => [], false),
  );
  const requests = question.select?.map(requestOf) ?? withContainer(defaultRequests(traceClasses));
  const isShown = requests.some(({ kind }) => kind === "container");
  // The ids of tasks on the host are filled behind the scan, too.
  const fillsIds = neededIds(requests).length > 0 && !traceClasses.every(haveHostIds);
  const exact = fillsIds ? undefined : exactFilter(question, names);
  if (exact !== undefined && (exact.container !== undefined || !isShown)) {
    const select = requests.map((request) => known(request, exact.container));
    const decided = { ...question, select, filter: exact.filter, container: undefined };
    const rows = runQuery(decided, execution, share.items, share.gate);
    return withNotes(rows, watch?.notes() ?? []);
  }
  const { required } = asked;
  const namespaces = required && wantedNamespaces(required, registry, traceClasses);
  const filter = pushedDown(question.filter, namespaces);
  const rest = { ...question, filter };
  return contained(rest, execution, share, registry, {
    asked,
    waitMs: () => 0,
    isFinal: true,
    watch,
  });
}

/**
 * How rows of containers that are known can be folded; `undefined` where each must be looked at.
 * @param hidden how many columns the operator reads
 */
function foldsOf(registry: Registry, hidden: number): Execution["folds"] {
  if (registry.hasMounts || registry.hasGroups) return undefined;
  const first = hidden - IDENTITY_COLUMNS.length;
  const { ignored, unless } = BY_NAMESPACE;
  return {
    cuts: registry.changes(),
    ignored: { columns: ignored.map((at) => first + at), unless: first + unless },
  };
}

/** The whole filter as one that the scan decides; `undefined` where that is not possible. */
export function exactFilter(
  { filter, container }: Question,
  { registry, traceClasses }: RecordedNames,
): { readonly filter: Program | undefined; readonly container: Container | undefined } | undefined {
  const exact = (condition: ContainerCondition): ReturnType<typeof exactPart> =>
    exactPart(condition, registry, traceClasses);
  const { required, cases } = askedOf({ filter, container });
  if (cases.length === 0) {
    const part = required && exact(required);
    return part && { filter: withPart(filter, part.expression), container: part.container };
  }
  const whole =
    filter?.containers &&
    replaceContainers(filter.containers.whole, filter.text, (one) => exact(one)?.expression);
  const own = container && exact(container);
  if (whole === undefined || (container !== undefined && own === undefined)) return undefined;
  const program = programOf(whole, filter?.source ?? filter?.text);
  return {
    filter: own === undefined ? program : withPart(program, own.expression),
    container: own?.container,
  };
}

/** The rows of a query whose filter is the scan's part, through the operator that finds their containers. */
function contained(
  question: Question,
  execution: Execution,
  share: FeedSubscription,
  registry: LiveNames["registry"],
  options: Omit<ContainOptions, "facts">,
): Observable<ResultItem> {
  const requests = question.select?.map(requestOf);
  const { asked } = options;
  const isAsked = asked.required !== undefined || asked.cases.length > 0;
  return new Observable((subscriber) => {
    const contain = new Contain(registry, {
      ...options,
      facts: (planned) => factsAmong(requests, planned),
      requests,
    });
    const { limit } = question;
    // Rows may still be dropped, so that they are counted behind that.
    const isLimited = limit !== undefined && isAsked;
    const operators: Operator[] = isLimited ? [contain, new Limit(limit)] : [contain];
    const mayFold =
      question.fold !== undefined &&
      options.isFinal === true &&
      neededIds(requests ?? []).length === 0;
    const folds = mayFold ? foldsOf(registry, contain.needs.length) : undefined;
    const inner: Question = {
      ...question,
      fold: folds && question.fold,
      container: undefined,
      select: requests?.filter(({ kind }) => kind !== "container"),
      limit: isLimited ? undefined : limit,
    };
    const how: Execution = {
      ...execution,
      hiddenColumns: contain.needs,
      folds,
      borrowBatches: true,
      lines: undefined,
      reportWatermark: true,
    };
    return through(runQuery(inner, how, share.items, share.gate), operators, {
      isLive: execution.isLive,
      borrowBatches: execution.borrowBatches === true,
    }).subscribe(subscriber);
  });
}

/** All that is asked of an event's container. */
export function askedOf({ container, filter }: Pick<Question, "container" | "filter">): Asked {
  const { required: own, cases = [] } = filter?.containers ?? {};
  if (container === undefined || own === undefined) return { required: container ?? own, cases };
  return { required: { kind: "and", operands: [container, own] }, cases };
}

function conditionsOf(question: Question): readonly ContainerCondition[] {
  const { required, cases } = askedOf(question);
  const conditions = [required, question.decidedLater, ...cases.map(({ condition }) => condition)];
  return conditions.filter((condition) => condition !== undefined);
}

export function watchOf(
  question: Question,
  watch: (condition: ContainerCondition) => NameWatch,
): NameWatch | undefined {
  const condition = anyOf(conditionsOf(question));
  return condition && watch(condition);
}

function withNotes(
  results: Observable<ResultItem>,
  notes: readonly string[],
): Observable<ResultItem> {
  return new Observable((subscriber) => {
    for (const text of notes) subscriber.next({ kind: "note", text });
    return results.subscribe(subscriber);
  });
}

function requestOf(one: string | ColumnRequest): ColumnRequest {
  return typeof one === "string" ? columnRequest(one) : one;
}

/** Adds the container, before the payload. */
export function withContainer(requests: readonly ColumnRequest[]): readonly ColumnRequest[] {
  const payload = requests.findIndex(({ kind }) => kind === "payload");
  return requests.toSpliced(payload, 0, { kind: "container", fact: "name" });
}

function known(request: ColumnRequest, container: Container | undefined): ColumnRequest {
  if (request.kind !== "container") return request;
  return { ...request, text: container?.[request.fact] };
}

/** Where facts stand among the columns: as selected, or before the payload. */
function factsAmong(
  requests: readonly ColumnRequest[] | undefined,
  shown: Schema,
): readonly FactColumn[] {
  if (requests === undefined) {
    const payload = shown.findIndex(({ request }) => request?.kind === "payload");
    return [{ fact: "name", name: "container", at: payload === -1 ? shown.length : payload }];
  }
  let others = 0;
  return requests.flatMap((request) => {
    if (request.kind === "container")
      return [{ fact: request.fact, name: columnName(request), at: others }];
    others++;
    return [];
  });
}
