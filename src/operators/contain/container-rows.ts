/** Which rows' containers are wanted, where all state was read before and rows need no columns of containers. */

import type { ColumnBatch } from "../../column/column.ts";
import type { ColumnRequest } from "../../column/request.ts";
import type { Registry } from "../../containers/registry.ts";
import { type Asked, caseRequests, passes, Resolver } from "./resolver.ts";
import { RowAnswers } from "./row-answers.ts";
import { IDENTITY_COLUMNS, RowIdentity } from "./row-identity.ts";

export class ContainerRows {
  /** The columns of its batches, all of them. */
  readonly needs: readonly ColumnRequest[];
  readonly #registry: Registry;
  readonly #asked: Asked;
  readonly #resolver: Resolver;

  /** @param registry with everything that will be known */
  constructor(registry: Registry, asked: Asked) {
    this.#registry = registry;
    this.#asked = asked;
    this.#resolver = new Resolver(registry, [], asked);
    this.needs = [...caseRequests(asked), ...IDENTITY_COLUMNS];
  }

  /** The wanted rows of a batch, ascending. Rows may come in any order of time. */
  wanted(batch: ColumnBatch): Int32Array {
    this.#resolver.refresh();
    const identity = new RowIdentity(batch, this.#registry);
    const answers = new RowAnswers(identity, this.#resolver, true);
    const matches = batch.columns.slice(0, this.#asked.cases.length);
    const wanted = new Int32Array(batch.rows);
    let count = 0;
    for (let row = 0; row < batch.rows; row++)
      if (passes(answers.of(row), matches, row)) wanted[count++] = row;
    return wanted.subarray(0, count);
  }
}
