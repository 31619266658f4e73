/** Rows → rows with the facts of their containers, and without those that a condition does not want. */

import type { Column, ColumnBatch, DictionaryTexts } from "../column/column.ts";
import { takeRows } from "../column/column.ts";
import type { PlannedColumn } from "../column/layout.ts";
import type { ContainerFact } from "../column/request.ts";
import {
  type ContainerCondition,
  type ContainerFacts,
  holds,
} from "../filter/container-condition.ts";
import type { Container, Life } from "./container.ts";
import type { Host } from "./host.ts";
import type { Registry } from "./registry.ts";
import { RESOLVING_COLUMNS, RowReader } from "./row-reader.ts";

/** Texts by code, numbered as they come. */
class Texts implements DictionaryTexts {
  readonly #texts: string[] = [];
  readonly #codes = new Map<string, number>();

  get size(): number {
    return this.#texts.length;
  }

  text(code: number): string {
    return this.#texts[code] ?? "";
  }

  codeOf(text: string): number {
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.#texts.push(text) - 1;
      this.#codes.set(text, code);
    }
    return code;
  }
}

/** What rows of a container get: codes by fact, -1 for nothing; and whether they are wanted. */
interface Answer {
  readonly codes: readonly number[];
  readonly isWanted: boolean;
}

export interface ResolverOptions {
  /** Columns of these facts are put in, each before the user's column of that number, or behind the last. */
  readonly facts: readonly { readonly fact: ContainerFact; readonly at: number }[];
  readonly condition: ContainerCondition | undefined;
  /** As if the traces had no contexts that name namespaces: for tests of what is found without them. */
  readonly hidesNamespaces?: boolean | undefined;
}

export class Resolver {
  readonly #registry: Registry;
  readonly #options: ResolverOptions;
  readonly #texts: readonly Texts[];
  readonly #answers = new Map<Container, Answer>();
  readonly #nobody: Answer;
  #version = -1;
  /** By host: answers for pid namespaces that have always been one container. */
  readonly #settled = new Map<Host, Map<number, Answer>>();

  constructor(registry: Registry, options: ResolverOptions) {
    this.#registry = registry;
    this.#options = options;
    this.#texts = options.facts.map(() => new Texts());
    const { condition } = options;
    const nothing = { name: undefined, type: undefined, id: undefined };
    this.#nobody = {
      codes: options.facts.map(() => -1),
      isWanted: condition === undefined || holds(condition, nothing),
    };
  }

  /** The user's columns, with those of facts among them. */
  columns(planned: readonly PlannedColumn[]): PlannedColumn[] {
    const shown = planned.slice(0, planned.length - RESOLVING_COLUMNS.length);
    return this.#withFacts(shown, (fact) => ({
      name: fact === "name" ? "container" : `container_${fact}`,
      request: { kind: "container", fact },
      type: { kind: "dictionary" },
      nullable: true,
    }));
  }

  /** A batch with facts, of the wanted rows only. */
  resolve(batch: ColumnBatch): ColumnBatch {
    this.#forgetStale();
    const { rows } = batch;
    const codes = this.#options.facts.map(() => new Int32Array(rows));
    const wanted = new Int32Array(rows);
    let count = 0;
    const reader = new RowReader(batch, this.#registry, this.#options.hidesNamespaces ?? false);
    for (let row = 0; row < rows; ) {
      const answer = this.#answer(reader, row);
      const end = this.#isSettled(reader, row) ? reader.runEnd(row) : row + 1;
      if (answer.isWanted) {
        for (let i = 0; i < codes.length; i++)
          codes[i]!.fill(answer.codes[i]!, count, count + end - row);
        for (let one = row; one < end; one++) wanted[count++] = one;
      }
      row = end;
    }
    const shown = batch.columns.slice(0, batch.columns.length - RESOLVING_COLUMNS.length);
    const bare = { ...batch, columns: shown };
    const taken = count === rows ? bare : takeRows(bare, wanted.subarray(0, count));
    let next = 0;
    const columns = this.#withFacts(taken.columns, () => {
      const i = next++;
      return factColumn(codes[i]!.subarray(0, count), this.#texts[i]!);
    });
    return { ...taken, columns };
  }

  #answer(reader: RowReader, row: number): Answer {
    const host = reader.host(row);
    const pidNs = reader.pidNs(row);
    let settled = this.#settled.get(host);
    if (settled === undefined) {
      settled = new Map();
      this.#settled.set(host, settled);
    }
    const known = pidNs === 0 ? undefined : settled.get(pidNs);
    if (known !== undefined) return known;
    const life = reader.life(row);
    const answer = life === undefined ? this.#nobody : this.#answerOf(life);
    if (pidNs !== 0 && host.isSettled(pidNs)) settled.set(pidNs, answer);
    return answer;
  }

  #isSettled(reader: RowReader, row: number): boolean {
    return this.#settled.get(reader.host(row))?.has(reader.pidNs(row)) === true;
  }

  #answerOf({ container }: Life): Answer {
    let answer = this.#answers.get(container);
    if (answer === undefined) {
      const { condition, facts } = this.#options;
      answer = {
        codes: facts.map(({ fact }, i) => {
          const text = container[fact];
          return text === undefined ? -1 : this.#texts[i]!.codeOf(text);
        }),
        isWanted: condition === undefined || holds(condition, factsOf(container)),
      };
      this.#answers.set(container, answer);
    }
    return answer;
  }

  /** Names and lives that have come since the batch before may change what was found. */
  #forgetStale(): void {
    if (this.#registry.version === this.#version) return;
    this.#version = this.#registry.version;
    this.#answers.clear();
    this.#settled.clear();
  }

  #withFacts<T>(columns: readonly T[], made: (fact: ContainerFact) => T): T[] {
    const all = [...columns];
    // From the last on, so that earlier places stay right; made in their order.
    const facts = this.#options.facts.map(({ fact, at }) => ({ at, column: made(fact) }));
    for (const { at, column } of facts.reverse()) all.splice(at, 0, column);
    return all;
  }
}

function factsOf({ name, type, id }: Container): ContainerFacts {
  return { name, type, id };
}

function factColumn(codes: Int32Array, dictionary: DictionaryTexts): Column {
  let nullCount = 0;
  let validity: Uint8Array | undefined;
  for (let row = 0; row < codes.length; row++) {
    if (codes[row] !== -1) continue;
    validity ??= new Uint8Array((codes.length + 7) >> 3).fill(0xff);
    validity[row >> 3]! &= ~(1 << (row & 7));
    codes[row] = 0;
    nullCount++;
  }
  return { kind: "dictionary", codes, dictionary, validity, nullCount };
}
