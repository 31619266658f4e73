import { join } from "node:path";
import * as assert from "uvu/assert";
import { Child } from "./child.ts";
import { PROJECT } from "./traces.ts";

/** The Python package, in the repository. */
export const PACKAGE: string = join(PROJECT, "python");

const ENVIRONMENT = {
  ...process.env,
  PYTHONPATH: join(PACKAGE, "src"),
  PYTHONDONTWRITEBYTECODE: "1",
  TRACEWIRE_NODE: process.execPath,
};

/** Spark alone starts four Java processes; on a busy machine its tests take two minutes. */
const PATIENCE_MS = 400_000;

/** Runs Python with the package at hand, and fails with what it printed. */
export async function python(...args: string[]): Promise<void> {
  const child = new Child("python3", args, ENVIRONMENT);
  const { code } = await child.end(PATIENCE_MS);
  assert.is(code, 0, `${child.stdout}\n${child.stderr}`.slice(-8000));
}

/** Runs tests of the package: files or folders in it. */
export function pytest(...paths: string[]): Promise<void> {
  const options = ["-p", "no:cacheprovider", "-c", join(PACKAGE, "pyproject.toml")];
  return python("-m", "pytest", ...options, ...paths.map((path) => join(PACKAGE, path)));
}
