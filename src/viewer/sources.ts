/** What the server serves to this client: sources, their sessions, how far they go, and what the token hides. */

import { type CallFields, callFields, type DeclaredEvent } from "./call-fields.ts";
import { isWell, type SourceInfo } from "./source-info.ts";
import { type Range, timeOf, timeOfDay } from "./time.ts";
import type { Token } from "./token.ts";
import { troubleText } from "./trouble.ts";

interface SourcesAnswer {
  readonly sources?: readonly Omit<SourceInfo, "sessions" | "extent">[];
  readonly token?: {
    readonly name: string;
    readonly hidden: readonly string[];
    readonly operator: boolean;
  };
}

interface Session {
  readonly url: string;
  readonly host: string;
  readonly session: string;
}

interface WatermarkAnswer {
  readonly sources?: readonly {
    readonly source: string;
    readonly oldest_ns: string | null;
    readonly newest_ns: string | null;
  }[];
}

interface SchemaAnswer {
  readonly events?: readonly (DeclaredEvent & {
    readonly contexts: readonly { readonly name: string }[];
  })[];
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
const USUAL_CONTEXTS = ["procname", "pid", "tid", "vpid", "vtid"];
const MAX_COLUMNS = 64;

/** How often a page that is seen asks how the sources fare. */
export const WATCH_MS = 3000;

export class Sources {
  all: readonly SourceInfo[] = [];
  /** Arguments of system calls; empty while they are not declared. */
  calls: CallFields = new Map();
  /** Names of fields that the token hides. */
  hidden: readonly string[] = [];
  /** Of the token; `-` where none is asked for. */
  tokenName = "-";
  isOperator = true;
  /** Since when the server does not answer; empty if it does. */
  problem = "";
  /** Grows when something has changed. */
  version = 0;
  #extents = new Map<string, Range>();
  #sessions: readonly Session[] = [];
  #hasExtents = false;
  /** Contexts of the events; undefined while no event is declared. */
  #contexts: readonly string[] | undefined;
  /** Since when each source has fared well, as it was when schema and extents were asked for. */
  #learntOf = "";
  #before = "";

  /** Answers the status of the request; 0 if the server cannot be reached. */
  async load(token: Token): Promise<number> {
    const status = await this.refresh(token);
    if (status === 200) await this.learn(token);
    return status;
  }

  /**
   * Asks for columns and extents while they are missing, and again when a source is attached.
   *
   * @returns whether something is known now that was missing before
   */
  async learn(token: Token): Promise<boolean> {
    const lacksExtents = !this.#hasExtents && this.all.some(({ kind }) => kind === "recorded");
    const lacksColumns = this.#contexts === undefined;
    const wellSince = JSON.stringify(this.all.filter(isWell).map((one) => [one.source, one.since]));
    const isNews = wellSince !== this.#learntOf;
    if (!this.all.some(isWell) || !(lacksExtents || lacksColumns || isNews)) return false;
    this.#learntOf = wellSince;
    await Promise.allSettled([
      lacksExtents ? this.#loadExtents(token) : undefined,
      lacksColumns || isNews ? this.#loadColumns(token) : undefined,
    ]);
    this.all = this.all.map((one) => ({ ...one, extent: this.#extents.get(one.source) }));
    return (lacksExtents && this.#hasExtents) || (lacksColumns && this.#contexts !== undefined);
  }

  /**
   * A stage that selects facts, contexts and payload of events. Before a live source declares any, the usual contexts stand in
   * for its own; of a recorded one it is empty until then.
   */
  selectFor(source: string): string {
    const contexts = this.#contexts ?? (this.isLive(source) ? USUAL_CONTEXTS : undefined);
    if (contexts === undefined) return "";
    const hasHosts = this.all.length > 1 || this.all.some((one) => one.source.includes("*"));
    const facts = hasHosts ? [...FACTS, "host"] : FACTS;
    const names = [...facts, ...contexts.map((name) => `$ctx.${name}`), "payload"];
    return `|> select ${names.join(", ")}`;
  }

  /** How the sources fare; answers as `load` does. */
  async refresh(token: Token): Promise<number> {
    try {
      const answer = await fetch("v1/sources", { headers: token.headers });
      if (answer.ok) this.#take((await answer.json()) as SourcesAnswer);
      else if (answer.status >= 500) this.#fails(`the server answers with status ${answer.status}`);
      return answer.status;
    } catch {
      this.#fails("the server does not answer");
      return 0;
    }
  }

  /** The sessions that relay daemons offer. One that cannot be asked says so by its source's state. */
  async loadSessions(token: Token): Promise<void> {
    // A relay daemon that is lost cannot be asked.
    if (!this.all.some((one) => one.kind === "live" && one.state !== "lost")) return;
    const answer = await fetch("v1/sessions", { headers: token.headers }).catch(() => undefined);
    if (answer?.ok !== true) return;
    const { sessions = [] } = (await answer.json()) as { sessions?: readonly Session[] };
    this.#sessions = sessions;
    this.all = this.all.map((one) => ({ ...one, sessions: this.#sessionsOf(one.source) }));
    this.#changed();
  }

  /** Sources that bring nothing at present, a line each: since when, why, and what is tried. */
  get trouble(): string {
    return this.problem !== "" ? this.problem : troubleText(this.all);
  }

  /** Whether none of the chosen sources brings anything at present. */
  isSilent(source: string): boolean {
    const chosen = this.#chosen(source);
    return chosen.length > 0 && !chosen.some(isWell);
  }

  /** All that the chosen sources have; undefined if one of them is live. */
  extentOf(source: string): Range | undefined {
    const chosen = this.#chosen(source);
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
    const chosen = this.#chosen(source);
    return chosen.length === 0 || chosen.some(({ kind }) => kind === "live");
  }

  #chosen(source: string): readonly SourceInfo[] {
    return this.all.filter((one) => source === "" || one.source === source);
  }

  /** Contexts are columns of all events, wherever they are declared. */
  async #loadColumns(token: Token): Promise<void> {
    const answer = await fetch("v1/schema", { headers: token.headers });
    if (!answer.ok) return;
    const { events = [] } = (await answer.json()) as SchemaAnswer;
    const contexts = new Set(events.flatMap((event) => event.contexts.map(({ name }) => name)));
    if (events.length === 0) return;
    this.calls = callFields(events);
    for (const name of [...FACTS, ...OF_PACKETS, ""]) contexts.delete(name);
    const own = [...contexts].filter((name) => /^[A-Za-z_]\w*$/.test(name));
    this.#contexts = own.slice(0, MAX_COLUMNS);
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

  #fails(why: string): void {
    if (this.problem !== "") return;
    const since = timeOfDay(new Date().toISOString());
    this.problem = `since ${since}: ${why}; it is asked again each ${WATCH_MS / 1000} s`;
    this.#changed();
  }

  #take({ sources = [], token }: SourcesAnswer): void {
    this.problem = "";
    this.all = sources.map((one) => ({
      ...one,
      sessions: this.#sessionsOf(one.source),
      extent: this.#extents.get(one.source),
    }));
    this.hidden = token?.hidden ?? [];
    this.tokenName = token?.name ?? "-";
    this.isOperator = token?.operator ?? true;
    this.#changed();
  }

  #sessionsOf(source: string): readonly string[] {
    return this.#sessions
      .filter(({ url }) => matches(source, url))
      .map(({ host, session }) => `${host}/${session}`);
  }

  #changed(): void {
    const facts = this.all.map(({ source, state, since, message, sessions }) => [
      ...[source, state, since, message],
      ...sessions,
    ]);
    const now = JSON.stringify([this.problem, facts]);
    if (now !== this.#before) this.version++;
    this.#before = now;
  }
}

/** Whether a session belongs to a source: the same relay daemon, and the same name but for globs. */
function matches(source: string, url: string): boolean {
  if (!source.startsWith("net")) return false;
  const escaped = source.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join(".*")}$`).test(url);
}
