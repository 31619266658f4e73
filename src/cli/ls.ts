import { counted } from "../base/text.ts";
import { listSessions } from "../relay/list-sessions.ts";
import type { SessionEntry } from "../relay/messages.ts";
import { escapedName, parseLiveUrl, printLiveUrl } from "../relay/url.ts";
import { note } from "./report.ts";

/** A recording session as the user knows it: its tracing domains are entries of their own to the relayd. */
interface Session {
  readonly url: string;
  readonly host: string;
  readonly session: string;
  readonly live_timer_us: number;
  readonly streams: number;
  readonly domains: number;
  readonly attached: boolean;
  readonly format: string;
}

/** `tracewire ls`: the sessions of a relayd, a line each. */
export async function ls(
  text: string,
  options: { readonly format: "text" | "json"; readonly json?: true },
): Promise<void> {
  const url = parseLiveUrl(text);
  const sessions = merged(await listSessions(url), (entry) =>
    printLiveUrl({
      ...url,
      selection: { target: escapedName(entry.host), session: escapedName(entry.name) },
    }),
  );
  if (options.format === "json" || options.json === true) {
    process.stdout.write(`${JSON.stringify(sessions, null, 2)}\n`);
    return;
  }
  if (sessions.length === 0)
    note(`${text}: no sessions; create one with: lttng create NAME --live --set-url=net://HOST`);
  const width = Math.max(0, ...sessions.map((session) => session.url.length));
  for (const session of sessions) process.stdout.write(`${describe(session, width)}\n`);
}

function merged(
  entries: readonly SessionEntry[],
  urlOf: (entry: SessionEntry) => string,
): Session[] {
  const sessions = new Map<string, Session>();
  for (const entry of entries) {
    const url = urlOf(entry);
    const before = sessions.get(url);
    sessions.set(url, {
      url,
      host: entry.host,
      session: entry.name,
      live_timer_us: Math.max(before?.live_timer_us ?? 0, entry.liveTimerUs),
      streams: (before?.streams ?? 0) + entry.streams,
      domains: (before?.domains ?? 0) + 1,
      attached: (before?.attached ?? false) || entry.clients > 0,
      format: entry.format,
    });
  }
  return [...sessions.values()];
}

function describe(session: Session, width: number): string {
  const timer =
    session.live_timer_us === 0 ? "not live" : `live timer ${session.live_timer_us / 1000} ms`;
  const streams = counted(session.streams, "stream");
  const format = session.format === "ctf-2" ? "CTF 2" : "CTF 1.8";
  return [
    session.url.padEnd(width),
    timer,
    streams,
    session.attached ? "attached" : "free",
    format,
  ].join("  ");
}
