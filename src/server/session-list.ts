import { listSessions } from "../relay/list-sessions.ts";
import { parseLiveUrl, printLiveUrl } from "../relay/url.ts";
import type { ServedSources } from "./served-sources.ts";

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

/** @throws ProtocolError when a relayd cannot be asked */
export async function sessionList(served: ServedSources): Promise<SessionList> {
  const relayds = new Map(
    served.live.map(parseLiveUrl).map(({ host, port }) => [`${host} ${port}`, { host, port }]),
  );
  const lists = await Promise.all([...relayds.values()].map(sessionsOf));
  return {
    sources: [
      ...served.live.map((source) => ({ source, kind: "live" as const })),
      ...served.recorded.map((source) => ({ source, kind: "recorded" as const })),
    ],
    sessions: lists.flat(),
  };
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
