/** A thread's side of the server: its sources, and the queries that run on them. */

import { Budget } from "./budget.ts";
import { completionList } from "./completion.ts";
import { containerList } from "./container-list.ts";
import { EngineQuery } from "./engine-query.ts";
import { explanation } from "./explanation.ts";
import { failureOf } from "./failure.ts";
import { findLocally, type LocalFinder } from "./local-finder.ts";
import { lossList } from "./loss-list.ts";
import {
  type Call,
  type EngineOptions,
  type FromEngine,
  type QueryTotals,
  SERVER_CALLS,
  type ToEngine,
} from "./messages.ts";
import { partitionList, watermarkList } from "./plan.ts";
import { Resumable } from "./resumable.ts";
import { schemaOf } from "./schema.ts";
import { ServedSources } from "./served-sources.ts";
import { SessionLists } from "./session-list.ts";
import { SharedRuns } from "./shared-runs.ts";

const OF_SERVER: ReadonlySet<Call["name"]> = new Set(SERVER_CALLS);
const encoder = new TextEncoder();

export type Say = (message: FromEngine, moved?: readonly ArrayBuffer[]) => void;

export class Engine {
  readonly #say: Say;
  readonly #sources: ServedSources;
  readonly #finder: LocalFinder | undefined;
  readonly #resumable: Resumable | undefined;
  readonly #sessions = new SessionLists();
  readonly #runs = new SharedRuns();
  readonly #queries = new Map<number, EngineQuery>();

  private constructor(
    say: Say,
    sources: ServedSources,
    finder: LocalFinder | undefined,
    resumable: Resumable | undefined,
  ) {
    this.#say = say;
    this.#sources = sources;
    this.#finder = finder;
    this.#resumable = resumable;
  }

  /** @throws SourceError, ProtocolError for a source that cannot be served */
  static async open(options: EngineOptions, say: Say): Promise<Engine> {
    const { sources, attaches, follow, containers, retain, number } = options;
    const log = (text: string): void => say({ kind: "log", text });
    const finder = containers && findLocally(containers, log);
    try {
      const served = await ServedSources.open(sources, attaches, follow, finder?.names, log);
      const budget = retain && new Budget(retain.bytes, retain.used);
      const resumable = budget && new Resumable(budget, number);
      return new Engine(say, served, finder, resumable);
    } catch (error) {
      await finder?.close();
      throw error;
    }
  }

  take(message: Exclude<ToEngine, { kind: "close" }>): void {
    const { id } = message;
    switch (message.kind) {
      case "query": {
        const query = new EngineQuery(id, message.task, {
          sources: this.#sources,
          resumable: this.#resumable,
          runs: this.#runs,
          say: this.#say,
          over: () => this.#queries.delete(id),
        });
        this.#queries.set(id, query);
        void query.start();
        break;
      }
      case "call":
        void this.#answer(id, message.call);
        break;
      case "written":
        this.#queries.get(id)?.written(message.bytes);
        break;
      case "frame":
        this.#queries.get(id)?.frame(message.text);
        break;
      case "leave":
        this.#queries.get(id)?.leave();
        break;
      case "finish":
        this.#queries.get(id)?.finish();
        break;
      case "stop":
        this.#queries.get(id)?.stop();
        break;
    }
  }

  /** Ends every query and detaches from the relayds; settles when nothing is left. */
  async close(): Promise<void> {
    for (const query of [...this.#queries.values()]) query.stop();
    this.#resumable?.close();
    await this.#sources.close();
    await this.#finder?.close();
  }

  async #answer(id: number, call: Call): Promise<void> {
    try {
      const value = await this.#valueOf(call);
      if (OF_SERVER.has(call.name)) {
        this.#say({ kind: "answer", id, value });
        return;
      }
      // The network's thread only moves bytes.
      const bytes = encoder.encode(JSON.stringify(value));
      this.#say({ kind: "answer", id, value: bytes }, [bytes.buffer]);
    } catch (error) {
      this.#say({ kind: "refusal", id, failure: failureOf(error) });
    }
  }

  async #valueOf({ name, search, sources, hidden }: Call): Promise<unknown> {
    const parameters = new URLSearchParams(search);
    switch (name) {
      case "complete":
        return await completionList(this.#sources, parameters, sources, hidden);
      case "containers":
        return await containerList(this.#sources, parameters, sources, hidden);
      case "sessions":
        return await this.#sessions.list(sources);
      case "schema":
        return await schemaOf(this.#sources, sources, hidden);
      case "explain":
        return await explanation(this.#sources, parameters, sources, hidden);
      case "plan":
        return await partitionList(parameters, sources, (source) => this.#sources.traces(source));
      case "watermark":
        return await watermarkList(parameters, sources, (source) => this.#sources.traces(source));
      case "losses":
        return await lossList(parameters, sources, (source) => this.#sources.traces(source));
      case "problems":
        return await this.#sources.problems();
      case "queries":
        return this.#totals();
      case "sources":
        return this.#sources.totals();
    }
  }

  #totals(): readonly (readonly [number, QueryTotals])[] {
    return [...this.#queries].map(([id, { totals }]) => [id, totals] as const);
  }
}
