/** Rows → which container each belongs to, what passes of its rows, and the texts of its container columns. */

import type { Column, DictionaryTexts } from "../../column/column.ts";
import type { ColumnRequest, ContainerFact, ContainerFacts } from "../../column/request.ts";
import { numberAt } from "../../column/row-reader.ts";
import { allValid, setNull } from "../../column/validity.ts";
import {
  type Container,
  type ContainerInstance,
  namespaceName,
  UNNAMED_TYPE,
} from "../../containers/container.ts";
import type { Host } from "../../containers/host.ts";
import type { Registry } from "../../containers/registry.ts";
import type { ContainerFilter } from "../../filter/bytecode.ts";
import { factsIn } from "../../filter/container-condition.ts";
import type { RowIdentity } from "./row-identity.ts";
import { isWanted } from "./wanted.ts";

/** Nothing is known of a container. */
const NOTHING: ContainerFacts = {};
/** Every row of the container passes. */
const ALWAYS = -1;

/** What is asked of containers, and by them of events. */
export type Asked = Pick<ContainerFilter, "required" | "cases">;

/** What rows of a container get: codes by fact, -1 for nothing. */
export interface Answer {
  readonly codes: readonly number[];
  /** The case whose event part decides which rows pass; `ALWAYS`, or `undefined` if none does. */
  readonly match: number | undefined;
  /** Whether it is an instance that a container record may still name. */
  readonly isUnnamed: boolean;
}

/** The columns that say which rows hold the event part of each case. */
export function caseRequests({ cases }: Asked): readonly ColumnRequest[] {
  return cases.map(({ event }): ColumnRequest => ({ kind: "match", program: event }));
}

/** Whether a row passes, by its container's answer and the columns of `caseRequests`. */
export function passes({ match }: Answer, matches: readonly Column[], row: number): boolean {
  return match === ALWAYS || (match !== undefined && numberAt(matches[match]!, row) !== 0);
}

/** With more texts a new dictionary begins: names of ended containers are not kept for months. */
const MAX_TEXTS = 4096;

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

export class Resolver {
  readonly #registry: Registry;
  readonly #facts: readonly ContainerFact[];
  readonly #asked: Asked;
  readonly #nothing: Answer;
  #texts: readonly Texts[];
  readonly #answers = new Map<Container, Answer>();
  /** Answers for pid namespaces without a known instance. */
  readonly #unknown = new Map<number, Answer>();
  /** By host: answers for pid namespaces that have always been one container. */
  readonly #settled = new Map<Host, Map<number, Answer>>();
  /** What is known of pid namespaces without a known instance: their number. */
  readonly #unseen = new Map<number, ContainerFacts>();
  /** Answers for tasks that were moved into a control group, by what they are without. */
  readonly #grouped = new Map<ContainerFacts, Map<string, Answer>>();
  /** Whether control groups are asked for. */
  readonly #readsGroups: boolean;
  #version = -1;

  /** @param facts of which the rows get columns */
  constructor(registry: Registry, facts: readonly ContainerFact[], asked: Asked) {
    this.#registry = registry;
    this.#facts = facts;
    this.#asked = asked;
    this.#texts = facts.map(() => new Texts());
    this.#nothing = {
      codes: facts.map(() => -1),
      match: this.#caseOf(NOTHING),
      isUnnamed: false,
    };
    const { required, cases } = asked;
    const conditions = [
      ...(required ? [required] : []),
      ...cases.map(({ condition }) => condition),
    ];
    this.#readsGroups = [...facts, ...conditions.flatMap(factsIn)].includes("cgroup");
  }

  /** To be called before each batch: what has become known since the one before may change every answer. */
  refresh(): void {
    const isFull = this.#texts.some(({ size }) => size > MAX_TEXTS);
    if (isFull) this.#texts = this.#facts.map(() => new Texts());
    if (this.#registry.version === this.#version && !isFull) return;
    this.#version = this.#registry.version;
    this.#answers.clear();
    this.#unknown.clear();
    this.#settled.clear();
    this.#grouped.clear();
    this.#unseen.clear();
  }

  answer(identity: RowIdentity, row: number): Answer {
    const path = this.#readsGroups ? identity.group(row) : undefined;
    return path === undefined
      ? this.#answerByContainer(identity, row)
      : this.#groupedAnswer(identity, row, path);
  }

  /** Of a task that is in another group than its container's. */
  #groupedAnswer(identity: RowIdentity, row: number, path: string): Answer {
    const pidNs = identity.pidNs(row);
    const container = identity.instance(row)?.container;
    const facts = container ?? (pidNs === 0 ? NOTHING : this.#unknownFacts(pidNs));
    let byPath = this.#grouped.get(facts);
    if (byPath === undefined) {
      byPath = new Map();
      this.#grouped.set(facts, byPath);
    }
    let answer = byPath.get(path);
    if (answer === undefined) {
      const { name, type, id, image, pod, namespace } = facts;
      const own = { name, type, id, image, pod, namespace, cgroup: path };
      answer = this.#make(own, container === undefined ? pidNs !== 0 : !container.isNamed);
      byPath.set(path, answer);
    }
    return answer;
  }

  #answerByContainer(identity: RowIdentity, row: number): Answer {
    const pidNs = identity.pidNs(row);
    const host = identity.host(row);
    const known = pidNs === 0 ? undefined : this.#settled.get(host)?.get(pidNs);
    if (known !== undefined) return known;
    const instance = identity.instance(row);
    if (instance === undefined) return pidNs === 0 ? this.#nothing : this.#unknownAnswer(pidNs);
    const answer = this.#answerOf(instance);
    if (pidNs !== 0 && host.isSettled(pidNs)) {
      let settled = this.#settled.get(host);
      if (settled === undefined) {
        settled = new Map();
        this.#settled.set(host, settled);
      }
      settled.set(pidNs, answer);
    }
    return answer;
  }

  /**
   * The answer for all rows of a row's machine and pid namespace, where it is one.
   * @param isFinal whether nothing more will be known
   */
  settledAnswer(identity: RowIdentity, row: number, isFinal: boolean): Answer | undefined {
    const answer = this.answer(identity, row);
    const host = identity.host(row);
    const pidNs = identity.pidNs(row);
    if (this.#readsGroups && !host.groups.isEmpty) return undefined;
    if (isFinal && pidNs !== 0 && host.isUnknown(pidNs)) return answer;
    const isSettled = this.#settled.get(host)?.has(pidNs) === true;
    return isSettled && (isFinal || !answer.isUnnamed) ? answer : undefined;
  }

  /** The column of a fact, from the codes of its rows. */
  column(fact: number, codes: Int32Array): Column {
    let nullCount = 0;
    let validity: Uint8Array | undefined;
    for (let row = 0; row < codes.length; row++) {
      if (codes[row] !== -1) continue;
      validity ??= allValid(codes.length);
      setNull(validity, row);
      codes[row] = 0;
      nullCount++;
    }
    return { kind: "dictionary", codes, dictionary: this.#texts[fact]!, validity, nullCount };
  }

  #answerOf({ container }: ContainerInstance): Answer {
    let answer = this.#answers.get(container);
    if (answer === undefined) {
      answer = this.#make(container, !container.isNamed);
      this.#answers.set(container, answer);
    }
    return answer;
  }

  #unknownAnswer(pidNs: number): Answer {
    let answer = this.#unknown.get(pidNs);
    if (answer === undefined) {
      answer = this.#make(this.#unknownFacts(pidNs), true);
      this.#unknown.set(pidNs, answer);
    }
    return answer;
  }

  #unknownFacts(pidNs: number): ContainerFacts {
    let facts = this.#unseen.get(pidNs);
    if (facts === undefined) {
      facts = { name: namespaceName(pidNs), type: UNNAMED_TYPE };
      this.#unseen.set(pidNs, facts);
    }
    return facts;
  }

  #make(facts: ContainerFacts, isUnnamed: boolean): Answer {
    const codes = this.#facts.map((fact, i) => {
      const text = facts[fact];
      return text === undefined ? -1 : this.#texts[i]!.codeOf(text);
    });
    return { codes, match: this.#caseOf(facts), isUnnamed };
  }

  /** The case of a filter whose event part decides; `undefined` if none does. */
  #caseOf(facts: ContainerFacts): number | undefined {
    const { required, cases } = this.#asked;
    if (required !== undefined && !isWanted(required, facts)) return undefined;
    if (cases.length === 0) return ALWAYS;
    const found = cases.findIndex(({ condition }) => isWanted(condition, facts));
    return found === -1 ? undefined : found;
  }
}
