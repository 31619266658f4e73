import type { Outage } from "./connection.ts";

/** `disconnected since 08:55:45 (12 s), attempt 3 in 4 s` */
export function outageText({ sinceMs, attempts, retryAtMs }: Outage): string {
  const now = Date.now();
  const since = new Date(sinceMs).toISOString().slice(11, 19);
  const seconds = Math.round((now - sinceMs) / 1000);
  const wait = Math.ceil((retryAtMs - now) / 1000);
  const next = wait > 0 ? `attempt ${attempts + 1} in ${wait} s` : `attempt ${attempts + 1}`;
  return `disconnected since ${since} (${seconds} s), ${next}`;
}
