import { existsSync, mkdirSync } from "node:fs";

/**
 * Makes a recording's folder, where there is none: at first, and when it was deleted under the recorder.
 * @throws the system's error
 */
export function makeFolder(folder: string): void {
  // Not `recursive`, which goes on for ever below /proc (Node 20).
  if (!existsSync(folder)) mkdirSync(folder);
}
