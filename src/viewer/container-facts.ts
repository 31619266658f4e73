/** What the server knows of containers beside their events: how many instances each had, and how often it was restarted. */

import type { Range } from "./time.ts";
import type { Token } from "./token.ts";

interface Instance {
  readonly from?: string;
  readonly to?: string;
  readonly first_seen?: string;
  readonly last_seen?: string;
}

interface ContainersAnswer {
  readonly containers?: readonly {
    readonly name: string;
    readonly instances: readonly Instance[];
  }[];
}

interface Life {
  readonly begin: bigint;
  /** Undefined while it runs. */
  readonly end: bigint | undefined;
}

/** By the container's name. */
export type ContainerFacts = ReadonlyMap<string, ReadonlyMap<string, number>>;

/**
 * Instances of a range, and those of them that began when another of the name had ended.
 * @param range undefined for all times
 */
export async function containerFacts(
  source: string,
  range: Range | undefined,
  token: Token,
): Promise<ContainerFacts> {
  const parameters = source === "" ? "" : `?${new URLSearchParams({ source })}`;
  const answer = await fetch(`v1/containers${parameters}`, { headers: token.headers });
  if (!answer.ok) return new Map();
  const { containers = [] } = (await answer.json()) as ContainersAnswer;
  const lives = new Map<string, Life[]>();
  for (const { name, instances } of containers)
    lives.set(name, [...(lives.get(name) ?? []), ...instances.flatMap(lifeOf)]);
  return new Map([...lives].map(([name, all]) => [name, factsOf(all, range)]));
}

function factsOf(lives: readonly Life[], range: Range | undefined): ReadonlyMap<string, number> {
  const isIn = ({ begin, end }: Life): boolean =>
    range === undefined || (begin < range.end && (end === undefined || end >= range.begin));
  const begins = ({ begin }: Life): boolean => range === undefined || begin >= range.begin;
  const shown = lives.filter(isIn);
  const restarts = shown.filter(
    (one) => begins(one) && lives.some(({ end }) => end !== undefined && end <= one.begin),
  );
  return new Map([
    ["instances", shown.length],
    ["restarts", restarts.length],
  ]);
}

/** An instance that was there before the trace is known from its first event on. */
function lifeOf({ from, to, first_seen }: Instance): readonly Life[] {
  const begin = nsOf(from ?? first_seen);
  return begin === undefined ? [] : [{ begin, end: nsOf(to) }];
}

/** `2026-11-22T08:55:45.210923188Z` → ns */
function nsOf(iso: string | undefined): bigint | undefined {
  const parts = /^(.{19})\.(\d{9})Z$/.exec(iso ?? "");
  if (parts === null) return undefined;
  const ms = Date.parse(`${parts[1]}Z`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(parts[2]!);
}
