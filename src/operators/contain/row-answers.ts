/**
 * The answers for a batch's rows. Where machine and pid namespace have always been one container, these two numbers decide,
 * and nothing else of a row is looked at.
 */

import type { Answer, Resolver } from "./resolver.ts";
import type { RowIdentity } from "./row-identity.ts";

/** Namespaces of one batch that are remembered; events mostly alternate between a few. */
const PLACES = 8;

export class RowAnswers {
  readonly #identity: RowIdentity;
  readonly #resolver: Resolver;
  readonly #isFinal: boolean;
  readonly #plain: RowIdentity["plain"];
  readonly #codes = new Int32Array(PLACES).fill(-1);
  readonly #pids = new Float64Array(PLACES);
  readonly #uppers = new Int32Array(PLACES);
  readonly #answers: (Answer | undefined)[] = new Array(PLACES).fill(undefined);
  #next = 0;

  /** @param isFinal whether nothing more will be known of names */
  constructor(identity: RowIdentity, resolver: Resolver, isFinal: boolean) {
    this.#isFinal = isFinal;
    this.#identity = identity;
    this.#resolver = resolver;
    this.#plain = identity.plain;
  }

  of(row: number): Answer {
    return this.#settled(row) ?? this.#resolver.answer(this.#identity, row);
  }

  /** By the two numbers; `undefined` where more must be looked at. */
  #settled(row: number): Answer | undefined {
    const plain = this.#plain;
    if (plain === undefined) return undefined;
    const { codes, pids, stride } = plain;
    const code = codes[row]!;
    const pid = pids[row * stride]!;
    const upper = stride === 1 ? 0 : pids[row * 2 + 1]!;
    for (let i = 0; i < PLACES; i++)
      if (this.#pids[i] === pid && this.#codes[i] === code && this.#uppers[i] === upper)
        return this.#answers[i];
    const answer = this.#resolver.settledAnswer(this.#identity, row, this.#isFinal);
    const place = this.#next++ % PLACES;
    this.#codes[place] = code;
    this.#pids[place] = pid;
    this.#uppers[place] = upper;
    this.#answers[place] = answer;
    return answer;
  }
}
