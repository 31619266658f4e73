import { spawnSync } from "node:child_process";
import type { Test } from "uvu";

/**
 * The suite's tests if every program is there, otherwise skipped tests that say which are missing.
 * Under `TRACEWIRE_REQUIRE=all` (continuous integration) a missing program is a failure.
 */
export function needs<Context>(
  test: Test<Context>,
  programs: readonly string[],
): Test<Context> | Test<Context>["skip"] {
  const missing = programs.filter((program) => !hasProgram(program));
  if (missing.length === 0) return test;
  const reason = `needs ${missing.join(", ")}`;
  if (process.env["TRACEWIRE_REQUIRE"] === "all")
    throw new Error(`TRACEWIRE_REQUIRE=all, but this suite ${reason}`);
  console.log(`skipped: ${reason}`);
  return test.skip;
}

/** `python3:pyarrow` asks for a Python module, `/usr/include/lttng/tracepoint.h` for a file, else a program. */
function hasProgram(program: string): boolean {
  const [python, module] = program.split(":");
  if (module !== undefined) return spawnSync(python!, ["-c", `import ${module}`]).status === 0;
  const check = program.startsWith("/") ? `test -e ${program}` : `command -v ${program}`;
  return spawnSync("sh", ["-c", check]).status === 0;
}
