/** What the server serves to this client: sources, their sessions, how far they go, and what the token hides. */

import type { Range } from "./time.ts";
import { timeOf } from "./time.ts";
import type { Token } from "./token.ts";

export interface SourceInfo {
  readonly source: string;
  readonly kind: "live" | "recorded";
  readonly sessions: readonly string[];
  /** Of a recorded trace. */
  readonly extent: Range | undefined;
}

interface SessionsAnswer {
  readonly sources?: readonly {
    readonly source: string;
    readonly kind: "live" | "recorded";
  }[];
  readonly sessions?: readonly {
    readonly url: string;
    readonly host: string;
    readonly session: string;
  }[];
  readonly token?: {
    readonly name: string;
    readonly hidden: readonly string[];
    readonly operator: boolean;
  };
}

interface WatermarkAnswer {
  readonly sources?: readonly {
    readonly source: string;
    readonly oldest_ns: string | null;
    readonly newest_ns: string | null;
  }[];
}

interface SchemaAnswer {
  readonly events?: readonly { readonly contexts: readonly { readonly name: string }[] }[];
}

const FACTS = ["timestamp", "event", "container", "cpu_id"];
/** Of packets, not of events. */
const OF_PACKETS = [
  "timestamp_begin",
  "timestamp_end",
  "content_size",
  "packet_size",
  "packet_seq_num",
  "events_discarded",
];
const MAX_COLUMNS = 64;

export class Sources {
  all: readonly SourceInfo[] = [];
  /** A stage that selects facts, contexts and payload of events; empty while they are not declared. */
  select = "";
  /** Names of fields that the token hides. */
  hidden: readonly string[] = [];
  /** Of the token; `-` where none is asked for. */
  tokenName = "-";
  isOperator = true;
  /** What is wrong with asking for them, and since when; empty if nothing. */
  problem = "";
  /** Grows when something has changed. */
  version = 0;
  #extents = new Map<string, Range>();
  #hasExtents = false;
  #before = "";

  /** Answers the status of the request; 0 if the server cannot be reached. */
  async load(token: Token): Promise<number> {
    try {
      const answer = await fetch("v1/sessions", { headers: token.headers });
      if (!answer.ok) {
        await this.#refused(answer);
        return answer.status;
      }
      const body = (await answer.json()) as SessionsAnswer;
      if (!this.#hasExtents && body.sources?.some(({ kind }) => kind === "recorded"))
        await this.#loadExtents(token);
      if (this.select === "") await this.#loadColumns(token);
      this.#take(body);
      return answer.status;
    } catch {
      return 0;
    }
  }

  /** All that the chosen sources have; undefined if one of them is live. */
  extentOf(source: string): Range | undefined {
    const chosen = this.all.filter((one) => source === "" || one.source === source);
    let whole: Range | undefined;
    for (const { extent } of chosen) {
      if (extent === undefined) return undefined;
      whole ??= extent;
      whole = {
        begin: extent.begin < whole.begin ? extent.begin : whole.begin,
        end: extent.end > whole.end ? extent.end : whole.end,
      };
    }
    return whole;
  }

  isLive(source: string): boolean {
    const chosen = this.all.filter((one) => source === "" || one.source === source);
    return chosen.length === 0 || chosen.some(({ kind }) => kind === "live");
  }

  /** Contexts are columns of all events, wherever they are declared. */
  async #loadColumns(token: Token): Promise<void> {
    const answer = await fetch("v1/schema", { headers: token.headers });
    if (!answer.ok) return;
    const { events = [] } = (await answer.json()) as SchemaAnswer;
    const contexts = new Set(events.flatMap((event) => event.contexts.map(({ name }) => name)));
    if (events.length === 0) return;
    for (const name of [...FACTS, ...OF_PACKETS, ""]) contexts.delete(name);
    const host = this.all.length > 1 ? ["host"] : [];
    const own = [...contexts].filter((name) => /^[A-Za-z_]\w*$/.test(name)).slice(0, MAX_COLUMNS);
    const names = [...FACTS, ...host, ...own.map((name) => `$ctx.${name}`), "payload"];
    this.select = `|> select ${names.join(", ")}`;
  }

  async #loadExtents(token: Token): Promise<void> {
    const answer = await fetch("v1/watermark", { headers: token.headers });
    if (!answer.ok) return;
    this.#hasExtents = true;
    const { sources = [] } = (await answer.json()) as WatermarkAnswer;
    for (const { source, oldest_ns, newest_ns } of sources) {
      const begin = timeOf(oldest_ns);
      const newest = timeOf(newest_ns);
      if (begin !== undefined && newest !== undefined)
        this.#extents.set(source, { begin, end: newest + 1n });
    }
  }

  /** A relay daemon that cannot be asked: what is known of it stays. */
  async #refused(answer: Response): Promise<void> {
    if (this.problem !== "" || answer.status < 500) return;
    const { error } = (await answer.json().catch(() => ({}))) as { error?: { message?: string } };
    const since = new Date().toISOString().slice(11, 19);
    this.problem = `since ${since}: ${error?.message ?? `status ${answer.status}`}`;
    this.version++;
  }

  #take({ sources = [], sessions = [], token }: SessionsAnswer): void {
    const before = JSON.stringify([this.problem, sources, sessions]);
    this.problem = "";
    this.all = sources.map(({ source, kind }) => ({
      source,
      kind,
      sessions: sessions
        .filter(({ url }) => matches(source, url))
        .map(({ host, session }) => `${host}/${session}`),
      extent: this.#extents.get(source),
    }));
    this.hidden = token?.hidden ?? [];
    this.tokenName = token?.name ?? "-";
    this.isOperator = token?.operator ?? true;
    if (before !== this.#before) this.version++;
    this.#before = before;
  }
}

/** Whether a session belongs to a source: the same relay daemon, and the same name but for globs. */
function matches(source: string, url: string): boolean {
  if (!source.startsWith("net")) return false;
  const escaped = source.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(url);
}
