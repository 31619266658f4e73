/** The newest events of a scope, for a list. */

import type { Subscription } from "rxjs";
import type { SamplerHost } from "../analyses/sampler.ts";
import { ask } from "../analyses/source.ts";
import { eventConditions, type Scope } from "../analyses/view-query.ts";
import { FilterError, SourceError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import { RowReader } from "../column/row-reader.ts";
import { LossAccount } from "../feed/losses.ts";
import type { Question } from "../query/question.ts";
import type { ResultItem } from "../query/result.ts";
import type { EventLine } from "./picture.ts";

const MAX_EVENTS = 2000;
const MAX_PAYLOAD = 400;

const SELECT: Question["select"] = [
  { kind: "timestamp" },
  { kind: "container", fact: "name" },
  { kind: "event" },
  { kind: "payload", style: "text" },
];

export class EventTail {
  readonly losses: LossAccount = new LossAccount();
  events: EventLine[] = [];
  watermarkNs: bigint | undefined;
  progress = 0;
  hasEnded = false;
  note: string | undefined;
  readonly #scope: Scope;
  readonly #base: Partial<Question>;
  readonly #host: SamplerHost;
  readonly #timeText: (ns: bigint) => string;
  #subscription: Subscription | undefined;

  constructor(
    scope: Scope,
    base: Partial<Question>,
    host: SamplerHost,
    timeText: (ns: bigint) => string,
  ) {
    this.#scope = scope;
    this.#base = base;
    this.#host = host;
    this.#timeText = timeText;
  }

  start(): void {
    this.#run(eventConditions(this.#scope));
  }

  stop(): void {
    this.#subscription?.unsubscribe();
  }

  #run([condition = "", ...others]: readonly string[]): void {
    const { maxLagMs, onChange, onError } = this.#host;
    const failed = (error: unknown): void => {
      const isForNames = error instanceof FilterError || error instanceof SourceError;
      if (isForNames && others.length > 0) this.#run(others);
      else if (error instanceof FilterError) this.note = error.message.split("\n")[0]!;
      else onError(error);
      onChange();
    };
    try {
      const reader = new RowReader();
      this.#subscription = ask(this.#host, condition, {
        base: { ...this.#base, select: SELECT },
        maxLagMs,
        onProgress: (share) => {
          this.progress = share;
          onChange();
        },
      }).subscribe({
        next: (item) => this.#take(item, reader),
        error: failed,
        complete: () => {
          this.hasEnded = true;
          onChange();
        },
      });
    } catch (error) {
      failed(error);
    }
  }

  #take(item: ResultItem, reader: RowReader): void {
    if (item.kind === "columns") reader.layout(item.columns);
    if (item.kind === "loss") this.losses.add(item.loss);
    if (item.kind !== "batch") return;
    const { batch } = item;
    const { rows } = batch;
    reader.begin(batch);
    const lines: EventLine[] = [];
    // Rows that would be dropped at once are not read.
    for (reader.at = Math.max(0, rows - MAX_EVENTS); reader.at < rows; reader.at++)
      lines.push({
        time: this.#timeText(batch.timestamps[reader.at]!),
        container: printable(reader.text("container")),
        event: printable(reader.text("event")),
        payload: printable(reader.text("payload"), MAX_PAYLOAD),
      });
    this.events = [...this.events, ...lines].slice(-MAX_EVENTS);
    this.watermarkNs = batch.watermarkNs ?? this.watermarkNs;
    this.#host.onChange();
  }
}
