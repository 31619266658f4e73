/** Containers that the runtimes of the server's own machine report, for relay daemons that serve its traces. */

import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { LocalNames } from "../../containers/local-names.ts";
import { Finder } from "../../runtimes/finder.ts";
import type { NamedPlaces } from "../../runtimes/place-kinds.ts";
import { runtimePlaces } from "../../runtimes/places.ts";

const PERIOD_MS = 2000;

export interface LocalFinder {
  readonly names: LocalNames;
  /** Settles when nothing of it is left. */
  close(): Promise<void>;
}

/** @param where `auto` looks at the usual places; what is named is all that is looked at */
export function findLocally(where: "auto" | NamedPlaces, log: (text: string) => void): LocalFinder {
  const names = new LocalNames(bootId(), hostname());
  const finder = new Finder({
    places: where === "auto" ? runtimePlaces({}, false) : runtimePlaces(where, true),
    periodMs: PERIOD_MS,
    onContainers: (containers) => names.report(containers),
    onProblem: log,
  });
  const following = finder.follow();
  return {
    names,
    close: async () => {
      finder.stop();
      await following;
    },
  };
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
