/** The queries that run: each is admitted, given to a thread, counted, and entered in the audit log when it is over. */

import type { Admission } from "./admission.ts";
import type { QueryReceiver, QuerySender } from "./engine/engine-thread.ts";
import type { Engines } from "./engine/engines.ts";
import type { Asked, QueryLimits, QueryTotals } from "./engine/messages.ts";
import { engineOf, unknownQuery } from "./engine/resumable.ts";
import { chosenSources, type Grant } from "./grant.ts";
import { weightOf } from "./query-weight.ts";
import { sharedAnswer } from "./shared-answer.ts";

/** Who asks. */
export interface Client {
  readonly address: string;
  readonly grant: Grant;
}

export interface DeskRequest {
  readonly client: Client;
  readonly transport: "http" | "websocket";
  readonly asked: Asked;
  /** The source that it names, or what it goes on with. */
  readonly about: { readonly source: string | undefined } | { readonly resume: string };
}

/** A query as operators see it. */
export interface DeskQuery {
  readonly id: string;
  readonly client: Client;
  readonly transport: DeskRequest["transport"];
  readonly text: string;
  readonly sources: readonly string[];
  readonly beganMs: number;
  readonly state: "waiting" | "running";
}

/** How a query ended. */
export interface QueryEnd {
  readonly query: DeskQuery;
  readonly totals: QueryTotals;
  /** `done`, `left` by its client, `ended` by an operator or the server, or the code of an error. */
  readonly outcome: string;
}

/** A text that is longer is cut where it is shown. */
const MAX_TEXT = 2000;

type Entry = DeskQuery & {
  state: DeskQuery["state"];
  sender: QuerySender | undefined;
  receiver: QueryReceiver | undefined;
  outcome: string;
  readonly abort: AbortController;
  readonly end: () => void;
};

export class QueryDesk {
  readonly #engines: Engines;
  readonly #admission: Admission;
  readonly #limits: () => QueryLimits;
  readonly #onEnd: (end: QueryEnd) => void;
  readonly #entries = new Map<string, Entry>();
  #nextId = 1;

  constructor(
    engines: Engines,
    admission: Admission,
    limits: () => QueryLimits,
    onEnd: (end: QueryEnd) => void,
  ) {
    this.#engines = engines;
    this.#admission = admission;
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  get queries(): readonly DeskQuery[] {
    return [...this.#entries.values()];
  }

  /**
   * Runs a query as soon as its turn comes.
   * @param abort aborted when the client has gone
   * @param end called when the query is ended by someone else
   * @throws FeedError 404 `UNKNOWN_SOURCE`, 410 `RESUME_UNKNOWN`, 429 `TOO_MANY_QUERIES`; SourceError `SOURCE_MIXED`
   */
  async open(
    request: DeskRequest,
    receiver: QueryReceiver,
    abort: AbortController,
    end: () => void,
  ): Promise<QuerySender> {
    const { client, transport, asked, about } = request;
    const sources = this.#sourcesOf(request);
    const entry: Entry = {
      id: String(this.#nextId++),
      client,
      transport,
      text: textOf(asked),
      sources,
      beganMs: Date.now(),
      state: "waiting",
      sender: undefined,
      receiver: undefined,
      outcome: "left",
      abort,
      end,
    };
    this.#entries.set(entry.id, entry);
    let release: (() => void) | undefined;
    try {
      release = await this.#admission.admit(clientKey(client), weightOf(asked), abort.signal);
      const thread =
        "resume" in about
          ? this.#threadOf(about.resume)
          : this.#engines.threadFor(sources, JSON.stringify([asked, sources, client.grant.hidden]));
      const task = { asked, sources, hidden: client.grant.hidden, limits: this.#limits() };
      entry.state = "running";
      entry.receiver = this.#watched(entry, receiver, release);
      entry.sender = thread.run(task, entry.receiver);
      return entry.sender;
    } catch (error) {
      release?.();
      this.#entries.delete(entry.id);
      throw error;
    }
  }

  /** Ends a query, whoever asked for it; whether there was one. */
  end(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    entry.outcome = "ended";
    entry.abort.abort();
    entry.end();
    entry.sender?.stop();
    return true;
  }

  /** Lets all of them say what can be said, and ends them: the server ends. Settles when that is done, or has taken too long. */
  async finish(waitMs: number): Promise<void> {
    for (const entry of this.#entries.values()) {
      entry.outcome = "ended";
      if (entry.sender === undefined) entry.abort.abort();
      else entry.sender.finish();
    }
    const deadline = performance.now() + waitMs;
    while (this.#entries.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    for (const id of [...this.#entries.keys()]) this.end(id);
  }

  /** What running queries have done so far. */
  readonly totals: () => Promise<ReadonlyMap<string, QueryTotals>> = sharedAnswer(() =>
    this.#totals(),
  );

  async #totals(): Promise<ReadonlyMap<string, QueryTotals>> {
    const known = await Promise.all(this.#engines.threads.map((thread) => thread.totals()));
    const totals = new Map<string, QueryTotals>();
    for (const { id, receiver } of this.#entries.values()) {
      const own = receiver && known.find((some) => some.has(receiver))?.get(receiver);
      if (own !== undefined) totals.set(id, own);
    }
    return totals;
  }

  #sourcesOf({ client, about }: DeskRequest): readonly string[] {
    if ("resume" in about) return [];
    return chosenSources(client.grant, this.#engines.sources, about.source);
  }

  #threadOf(resume: string): ReturnType<Engines["threadFor"]> {
    const number = engineOf(resume);
    const thread = number === undefined ? undefined : this.#engines.thread(number);
    if (thread === undefined) throw unknownQuery(resume);
    return thread;
  }

  #watched(entry: Entry, receiver: QueryReceiver, release: () => void): QueryReceiver {
    return {
      head: (contentType, notes) => receiver.head(contentType, notes),
      bytes: (bytes) => receiver.bytes(bytes),
      text: (text) => receiver.text(text),
      end: () => {
        if (entry.outcome !== "ended") entry.outcome = "done";
        receiver.end();
      },
      fail: (error, canEnd) => {
        if (entry.outcome !== "ended")
          entry.outcome = "code" in error ? String(error.code) : "INTERNAL";
        receiver.fail(error, canEnd);
      },
      over: (totals) => {
        this.#entries.delete(entry.id);
        release();
        receiver.over(totals);
        this.#onEnd({ query: entry, totals, outcome: entry.outcome });
      },
    };
  }
}

/** Those who have a token of their own count by it, others by where they are. */
export function clientKey({ address, grant }: Client): string {
  return grant.name === "-" ? address : `token ${grant.name}`;
}

function textOf(asked: Asked): string {
  const text = asked.kind === "url" ? decoded(asked.search) : asked.text;
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

function decoded(search: string): string {
  return [...new URLSearchParams(search.slice(0, 4 * MAX_TEXT))]
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}
