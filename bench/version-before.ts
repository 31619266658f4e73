/** Another version of the program, built, for comparing with it. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "../test/support/traces.ts";

export interface BuiltVersion {
  readonly name: string;
  /** The bundled program. */
  readonly main: string;
  remove(): void;
}

/**
 * @param which a folder of the project that is built, or a commit, which is built in a folder of its own
 * @throws Error when there is neither, or the build fails
 */
export function builtVersion(which: string): BuiltVersion {
  const main = join(which, "build/bin/main.js");
  if (existsSync(main)) return { name: which, main, remove() {} };
  return builtCommit(which);
}

function builtCommit(commit: string): BuiltVersion {
  const name = run(PROJECT, "git", "rev-parse", "--short", "--verify", `${commit}^{commit}`);
  const folder = mkdtempSync(join(tmpdir(), "tracewire-before-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const files = join(folder, "files.tar");
    run(PROJECT, "git", "archive", "--output", files, name);
    run(folder, "tar", "-xf", files);
    const lock = "package-lock.json";
    if (readFileSync(join(folder, lock)).equals(readFileSync(join(PROJECT, lock))))
      symlinkSync(join(PROJECT, "node_modules"), join(folder, "node_modules"));
    else run(folder, "npm", "ci", "--no-audit", "--no-fund", "--silent");
    run(folder, "npm", "run", "-s", "build");
  } catch (error) {
    remove();
    throw error;
  }
  return { name, main: join(folder, "build/bin/main.js"), remove };
}

/** What a program prints. */
function run(folder: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} failed: ${stderr}`);
  return stdout.trim();
}
