/** Answers of queries in the query language, as plain rows. */

import type { Observable } from "rxjs";
import { valueAt } from "../../src/column/row-reader.ts";
import type { Schema } from "../../src/column/schema.ts";
import { type Feed, openFeed } from "../../src/feed/feed.ts";
import type { Loss } from "../../src/feed/losses.ts";
import { planQuery } from "../../src/language/plan.ts";
import { runPlanned } from "../../src/language/run-query.ts";
import { namesOf } from "../../src/operators/run-question.ts";
import type { Execution } from "../../src/query/execution.ts";
import {
  type Account,
  accountOf,
  NOTHING_SO_FAR,
  type ResultItem,
} from "../../src/query/result.ts";

export type Answer = Readonly<Record<string, unknown>>;

export interface Answers {
  readonly rows: Answer[];
  readonly notes: string[];
  readonly losses: Loss[];
  /** That of the last batch. */
  account: Account;
}

/** Runs a query to its end. */
export async function answers(
  source: string | Feed,
  text: string,
  execution: Partial<Execution> = {},
): Promise<Answers> {
  const feed = typeof source === "string" ? openFeed([source], { from: "beginning" }) : source;
  await feed.prepare();
  const how: Execution = { isLive: feed.isLive, ...execution };
  const planned = planQuery(text);
  const { begin, end } = planned.question;
  const share = feed.share({ begin, end, deferPacketReads: how.threads !== undefined });
  return collectAnswers(runPlanned(planned, how, share, () => namesOf(feed)));
}

/** The rows of results but for snapshots, which are replaced by what follows them. */
export function collectAnswers(results: Observable<ResultItem>): Promise<Answers> {
  return new Promise((resolve, reject) => {
    const all: Answers = { rows: [], notes: [], losses: [], account: NOTHING_SO_FAR };
    let schema: Schema = [];
    results.subscribe({
      next(item) {
        if (item.kind === "columns") schema = item.columns;
        if (item.kind === "note") all.notes.push(item.text);
        if (item.kind === "loss") all.losses.push(item.loss);
        if (item.kind !== "batch") return;
        const { batch } = item;
        all.account = accountOf(batch);
        if (batch.snapshot !== undefined) return;
        for (let row = 0; row < batch.rows; row++)
          all.rows.push(
            Object.fromEntries(
              schema.map(({ name }, i) => [name, plain(valueAt(batch.columns[i]!, row))]),
            ),
          );
      },
      error: reject,
      complete: () => resolve(all),
    });
  });
}

function plain(value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
