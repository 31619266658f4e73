/** A `tracewire serve` under attack, and what an operator would see of it meanwhile. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child } from "../support/child.ts";
import { MAIN } from "../support/traces.ts";

export interface Seen {
  /** p99 and worst of `/healthz`, ms. */
  readonly healthP99: number;
  readonly healthWorst: number;
  /** Median and worst of a query of ten rows, ms. */
  readonly queryP50: number;
  readonly queryWorst: number;
  /** Most resident memory so far, MiB. */
  readonly peakMiB: number;
  readonly descriptors: number;
  readonly descriptorsBefore: number;
}

export interface Attacked {
  readonly url: string;
  readonly port: number;
  readonly child: Child;
}

/** Of the attackers, and of the probe, which is another client. */
const TOKENS = { attacker: "token-of-attackers", probe: "token-of-the-probe" } as const;

export const ATTACKER: Readonly<Record<string, string>> = {
  Authorization: `Bearer ${TOKENS.attacker}`,
};

const PROBE = fileURLToPath(new URL("./probe.js", import.meta.url));

/**
 * Starts a server, attacks it while a probe asks, and stops it by SIGTERM, which must end it well.
 * @param attack its promise is what the probe lasts
 */
export async function underAttack(
  sources: readonly string[],
  args: readonly string[],
  attack: (server: Attacked) => Promise<void>,
  probesQueries: boolean = true,
): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-attacked-"));
  const tokenFile = join(folder, "tokens.json");
  const tokens = Object.entries(TOKENS).map(([name, token]) => ({ name, token }));
  writeFileSync(tokenFile, JSON.stringify({ tokens }));
  const listen = ["--listen", "127.0.0.1:0", "--token-file", tokenFile];
  const child = new Child(process.execPath, [MAIN, "serve", ...sources, ...listen, ...args]);
  try {
    await child.until("printed its address", () => child.lines.length > 0);
    const url = child.lines[0]!;
    const server = { url, port: Number(new URL(url).port), child };
    const pid = child.process.pid!;
    // Threads and modules that a first query loads are no leak.
    for (let i = 0; i < 3; i++) {
      await (await fetch(`${url}/v1/query?limit=1`, { headers: ATTACKER })).arrayBuffer();
    }
    const descriptorsBefore = descriptorsOf(pid);
    const probe = new Child(process.execPath, [
      PROBE,
      url,
      TOKENS.probe,
      probesQueries ? "query" : "-",
    ]);
    await probe.until("began", () => probe.stdout.includes("probing"));
    await attack(server);
    probe.process.kill("SIGTERM");
    await probe.end();
    const { health, queries } = JSON.parse(probe.lines.at(-1)!) as Record<string, number[]>;
    await settle(() => descriptorsOf(pid) <= descriptorsBefore + 2);
    const seen = {
      healthP99: quantile(health!, 0.99),
      healthWorst: quantile(health!, 1),
      queryP50: quantile(queries!, 0.5),
      queryWorst: quantile(queries!, 1),
      peakMiB: peakOf(pid),
      descriptors: descriptorsOf(pid),
      descriptorsBefore,
    };
    child.process.kill("SIGTERM");
    const { code, signal } = await child.end(15_000);
    if (code !== 0) throw new Error(`SIGTERM: expected exit status 0, got ${code} ${signal}`);
    return seen;
  } finally {
    if (child.ending === undefined) child.process.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  }
}

export function described(seen: Seen): string {
  const { healthP99, healthWorst, queryP50, queryWorst, peakMiB } = seen;
  const ms = (value: number): string => `${Math.round(value)} ms`;
  return `healthz p99 ${ms(healthP99)} (worst ${ms(healthWorst)}), query p50 ${ms(queryP50)} (worst ${ms(queryWorst)}), peak ${peakMiB} MiB, descriptors ${seen.descriptorsBefore} → ${seen.descriptors}`;
}

async function settle(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !isSo(); i++) await new Promise((done) => setTimeout(done, 100));
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function peakOf(pid: number): number {
  const kib = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0;
}
