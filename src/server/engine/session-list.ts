import { listSessions } from "../../relay/list-sessions.ts";
import { isLiveUrl, parseLiveUrl, printLiveUrl } from "../../relay/url.ts";
import { isLiveSource } from "../../source/live-source.ts";

/** One tracing domain of a session, as its relayd lists it. */
export interface ListedSession {
  readonly url: string;
  readonly host: string;
  readonly session: string;
  /** Microseconds; 0 when the session is not live. */
  readonly liveTimerUs: number;
  readonly streams: number;
  /** Viewers attached, this server included. */
  readonly clients: number;
  readonly format: string;
}

/** The answer to `GET /v1/sessions`. */
export interface SessionList {
  /** What `source` may name. */
  readonly sources: readonly { readonly source: string; readonly kind: "live" | "recorded" }[];
  /** Everything that the relayds of the live sources offer now. */
  readonly sessions: readonly ListedSession[];
}

/** An answer serves others that ask meanwhile, and for so long after, in ms: each asks every relayd over a connection of its own. */
const FRESH_MS = 1000;

/** Lists of sessions, asked for once for all that want them at the same time. */
export class SessionLists {
  readonly #lists = new Map<string, Promise<readonly ListedSession[]>>();

  /**
   * @param wanted sources
   * @throws ProtocolError when a relayd cannot be asked
   */
  async list(wanted: readonly string[]): Promise<SessionList> {
    const live = wanted.filter(isLiveUrl);
    const relayds = new Map(
      live.map(parseLiveUrl).map(({ host, port }) => [`${host} ${port}`, { host, port }]),
    );
    const lists = await Promise.all([...relayds].map(([name, relayd]) => this.#of(name, relayd)));
    const kindOf = (source: string): "live" | "recorded" =>
      isLiveSource(source) ? "live" : "recorded";
    return {
      sources: wanted.map((source) => ({ source, kind: kindOf(source) })),
      sessions: lists.flat(),
    };
  }

  #of(name: string, relayd: { host: string; port: number }): Promise<readonly ListedSession[]> {
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = sessionsOf(relayd);
      this.#lists.set(name, list);
      const forget = (): void => void this.#lists.delete(name);
      list.then(() => setTimeout(forget, FRESH_MS).unref(), forget);
    }
    return list;
  }
}

async function sessionsOf(relayd: { host: string; port: number }): Promise<ListedSession[]> {
  const entries = await listSessions(relayd);
  return entries.map(({ host, name, liveTimerUs, streams, clients, format }) => ({
    url: printLiveUrl({ ...relayd, selection: { target: host, session: name } }),
    host,
    session: name,
    liveTimerUs,
    streams,
    clients,
    format,
  }));
}
