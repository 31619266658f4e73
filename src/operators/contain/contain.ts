/**
 * The operator that finds each row's container: it fills container columns, and drops rows that a condition on containers
 * does not want. Live rows of an instance that has no name yet may wait for it.
 */

import { type Column, type ColumnBatch, copyBatch, takeRows } from "../../column/column.ts";
import type { ColumnRequest, ContainerFact } from "../../column/request.ts";
import type { ColumnLayout, Schema } from "../../column/schema.ts";
import type { Registry } from "../../containers/registry.ts";
import type { Loss } from "../../feed/losses.ts";
import type { Emit, Operator } from "../operator.ts";
import { GivenUp } from "./given-up.ts";
import { HostIds, neededIds, typedHostId } from "./host-ids.ts";
import { NameGaps } from "./name-gaps.ts";
import { NameReorderBuffer } from "./name-reorder-buffer.ts";
import type { NameWatch } from "./name-watch.ts";
import { type Asked, caseRequests, passes, Resolver } from "./resolver.ts";
import { RowAnswers } from "./row-answers.ts";
import { IDENTITY_COLUMNS, RowIdentity } from "./row-identity.ts";

/** A container column: in front of the user's other column number `at`, or behind the last. */
export interface FactColumn {
  readonly fact: ContainerFact;
  readonly name: string;
  readonly at: number;
}

export interface ContainOptions {
  /** The container columns to put among the user's others; asked once. */
  readonly facts: (others: Schema) => readonly FactColumn[];
  /** What is asked of the container of a row, and of the row by its container. */
  readonly asked: Asked;
  /** How long, in ms, live rows of an instance without a name wait for it; a function, since names may never be reported. */
  readonly waitMs: () => number;
  /** Whether nothing more will be known of names: they were read before the rows. */
  readonly isFinal?: boolean | undefined;
  /** The user's columns as requested: host ids among them are filled. */
  readonly requests?: readonly ColumnRequest[] | undefined;
  /** Reports names that the condition waits for. */
  readonly watch?: NameWatch | undefined;
}

/** What is known when the query's columns are. */
interface Plan {
  readonly facts: readonly FactColumn[];
  /** The same objects for as long as the query runs. */
  readonly columns: Schema;
  readonly resolver: Resolver;
  readonly ids: HostIds;
}

export class Contain implements Operator {
  readonly needs: readonly ColumnRequest[];
  readonly #registry: Registry;
  readonly #options: ContainOptions;
  readonly #buffer = new NameReorderBuffer();
  readonly #givenUp = new GivenUp();
  readonly #gaps = new NameGaps();
  readonly #stopListening: () => void;
  #plan: Plan | undefined;

  constructor(registry: Registry, options: ContainOptions) {
    this.#registry = registry;
    this.#options = options;
    this.needs = [
      ...caseRequests(options.asked),
      ...neededIds(options.requests ?? []),
      ...IDENTITY_COLUMNS,
    ];
    this.#stopListening = registry.listenToGaps((gap) => this.#gaps.push(gap));
  }

  columns(input: Schema): Schema {
    const others = this.#shown(input);
    const plan = this.#plan ?? this.#planFor(others);
    const { asked, requests = [] } = this.#options;
    const own = requests.filter(({ kind }) => kind !== "container");
    this.#plan = { ...plan, ids: new HostIds(own, others, others.length + asked.cases.length) };
    return withFacts(others.map(typedHostId), plan.facts, (i) => plan.columns[i]!);
  }

  batch(batch: ColumnBatch, out: Emit): void {
    if (!this.#buffer.isEmpty) {
      this.#wait(batch, 0, out);
      return;
    }
    this.#resolver.refresh();
    const waiting = this.#resolve(batch, 0, this.#options.waitMs(), out);
    if (waiting < batch.rows) this.#wait(batch, waiting, out);
  }

  watermark(ns: bigint, out: Emit): void {
    if (this.#buffer.isEmpty) out.watermark(ns);
    else this.#buffer.push({ kind: "watermark", ns });
  }

  loss(loss: Loss, out: Emit): void {
    if (this.#buffer.isEmpty) out.loss(loss);
    else this.#buffer.push({ kind: "loss", loss });
  }

  tick(out: Emit): void {
    const nowMs = performance.now();
    const gap = this.#gaps.note(nowMs);
    if (gap !== undefined) out.note(gap);
    for (const text of this.#options.watch?.notes(nowMs) ?? []) out.note(text);
    this.#release(nowMs, out);
  }

  end(out: Emit): void {
    for (const text of this.#options.watch?.notes() ?? []) out.note(text);
    this.#release(Number.POSITIVE_INFINITY, out);
  }

  close(): void {
    this.#stopListening();
  }

  get #resolver(): Resolver {
    if (this.#plan === undefined) throw new TypeError("contain: columns() comes before batch()");
    return this.#plan.resolver;
  }

  #planFor(others: Schema): Omit<Plan, "ids"> {
    const facts = this.#options.facts(others);
    const resolver = new Resolver(
      this.#registry,
      facts.map(({ fact }) => fact),
      this.#options.asked,
    );
    const columns = facts.map(({ fact, name }): ColumnLayout => {
      const request = { kind: "container", fact } as const;
      return { name, request, type: { kind: "dictionary" }, nullable: true };
    });
    return { facts, columns, resolver };
  }

  /** Keeps the rows from `from` on, but for those that no name can make wanted. */
  #wait(batch: ColumnBatch, from: number, out: Emit): void {
    const resolver = this.#resolver;
    resolver.refresh();
    const identity = new RowIdentity(batch, this.#registry);
    const kept = new Int32Array(batch.rows - from);
    let count = 0;
    for (let row = from; row < batch.rows; row++) {
      const { match, isUnnamed } = resolver.answer(identity, row);
      if (match !== undefined || isUnnamed) kept[count++] = row;
    }
    if (count === 0) return;
    const own = count === batch.rows ? copyBatch(batch) : takeRows(batch, kept.subarray(0, count));
    this.#buffer.push({ kind: "rows", batch: own, from: 0, sinceMs: performance.now() });
    if (this.#buffer.isFull) this.#release(performance.now(), out);
  }

  /** Lets rows go whose instances have got their names, or that have waited long enough. */
  #release(nowMs: number, out: Emit): void {
    if (this.#buffer.isEmpty) return;
    this.#resolver.refresh();
    for (let item = this.#buffer.first; item !== undefined; item = this.#buffer.first) {
      if (item.kind === "watermark") out.watermark(item.ns);
      else if (item.kind === "loss") out.loss(item.loss);
      else {
        const left = this.#buffer.isFull ? 0 : this.#options.waitMs() - (nowMs - item.sinceMs);
        item.from = this.#resolve(item.batch, item.from, left, out);
        if (item.from < item.batch.rows) return;
      }
      this.#buffer.shift();
    }
  }

  /**
   * Emits rows from `from` on, up to the first that should wait for its instance's name.
   * @param waitMs how long rows may still wait
   * @returns the row that waits, or the number of rows
   */
  #resolve(batch: ColumnBatch, from: number, waitMs: number, out: Emit): number {
    const resolver = this.#resolver;
    const { isFinal = false } = this.#options;
    const identity = new RowIdentity(batch, this.#registry);
    const codes = this.#plan!.facts.map(() => new Int32Array(batch.rows - from));
    const wanted = new Int32Array(batch.rows - from);
    const matches = this.#matchColumns(batch);
    let count = 0;
    let unnamed = 0;
    let row = from;
    const answers = new RowAnswers(identity, resolver, isFinal);
    for (; row < batch.rows; row++) {
      const answer = answers.of(row);
      const isWanted = passes(answer, matches, row);
      if (answer.isUnnamed) {
        if (!isFinal && this.#mustWait(isWanted, identity, row, waitMs)) break;
        if (!isWanted) unnamed++;
      }
      if (!isWanted) continue;
      for (let i = 0; i < codes.length; i++) codes[i]![count] = answer.codes[i]!;
      wanted[count++] = row;
    }
    if (unnamed > 0) out.count("unnamed", unnamed);
    if (count > 0) out.batch(this.#rows(batch, identity, wanted.subarray(0, count), codes));
    return row;
  }

  /** Whether a row of an instance without a name waits for it. */
  #mustWait(isWanted: boolean, identity: RowIdentity, row: number, waitMs: number): boolean {
    const { required, cases } = this.#options.asked;
    // Where something is asked of containers, a row that passes without a name need not wait for it.
    if (isWanted && (required !== undefined || cases.length > 0)) return false;
    const [host, pidNs, ns] = [identity.host(row), identity.pidNs(row), identity.time(row)];
    const instance = identity.instance(row);
    if (this.#givenUp.has(host, pidNs, instance, ns)) return false;
    if (waitMs > 0) return true;
    this.#givenUp.add(host, pidNs, instance, ns);
    return false;
  }

  #rows(
    batch: ColumnBatch,
    identity: RowIdentity,
    wanted: Int32Array,
    codes: readonly Int32Array[],
  ): ColumnBatch {
    const { facts, resolver, ids } = this.#plan!;
    const { rows, timestamps } = batch;
    const shown = ids.fill(batch, this.#shown(batch.columns), identity);
    const bare = { rows, timestamps, columns: shown };
    const taken = wanted.length === rows ? bare : takeRows(bare, wanted);
    const columns = withFacts(taken.columns, facts, (i) =>
      resolver.column(i, codes[i]!.subarray(0, wanted.length)),
    );
    return { ...taken, columns };
  }

  #shown<T>(columns: readonly T[]): readonly T[] {
    return columns.slice(0, columns.length - this.needs.length);
  }

  #matchColumns({ columns }: ColumnBatch): readonly Column[] {
    const first = columns.length - this.needs.length;
    return columns.slice(first, first + this.#options.asked.cases.length);
  }
}

function withFacts<T>(
  others: readonly T[],
  facts: readonly FactColumn[],
  made: (fact: number) => T,
): T[] {
  const all = [...others];
  // From the last on, so that earlier places stay right.
  for (let i = facts.length - 1; i >= 0; i--) all.splice(facts[i]!.at, 0, made(i));
  return all;
}
