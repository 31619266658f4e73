import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type UnpackedTrace, unpackTrace } from "../../src/replay/unpack.ts";

/** The project's folder, from the sources or from the build. */
export const PROJECT: string = projectFolder();

function projectFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "grammar"))) folder = dirname(folder);
  return folder;
}

/** The command line program, as it was built. */
export const MAIN: string = join(PROJECT, "build/bin/main.js");

export type TraceName =
  | "small"
  | "churn"
  | "lossy"
  | "calls"
  | "sched"
  | "filter-lab"
  | "ctf2"
  | "ctf18"
  | "cap-ctf2";

/** Unpacks a recorded trace of the project; the caller removes it. */
export function recordedTrace(name: TraceName): Promise<UnpackedTrace> {
  return unpackTrace(
    name === "small" ? join(PROJECT, "demo/small") : join(PROJECT, "test/data/traces", name),
  );
}

/** Recorded traces of the project by their names, unpacked until the suite is over. */
export function projectTraces(test: {
  after(hook: () => Promise<void>): void;
}): (name: TraceName) => Promise<string> {
  const unpacked: UnpackedTrace[] = [];
  test.after(async () => {
    for (const trace of unpacked) await trace.remove();
  });
  return async (name) => {
    const trace = await recordedTrace(name);
    unpacked.push(trace);
    return trace.path;
  };
}
