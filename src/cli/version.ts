import { readFileSync } from "node:fs";

/** The package's version, from its package.json (two folders up in the sources, three in the build). */
export const VERSION: string = readVersion();

function readVersion(): string {
  for (const path of ["../../../package.json", "../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
      if (name === "tracewire") return String(version);
    } catch {
      // Not there: the other place has it.
    }
  }
  return "unknown";
}
