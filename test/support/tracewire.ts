import { Child, linesOf } from "./child.ts";
import { MAIN } from "./traces.ts";

/** The program under test. */
export function tracewire(...args: string[]): Child {
  return new Child(process.execPath, [MAIN, ...args]);
}

/** `tail` of a live session, once it is attached. */
export async function attachedTail(url: string, ...args: string[]): Promise<Child> {
  const child = tracewire("tail", url, ...args);
  await child.until("attached", () => child.stderr.includes("attached to session"));
  return child;
}

/** What babeltrace2 prints for a stored trace, without the time since the event before. */
export async function babeltraceLines(directory: string): Promise<string[]> {
  return linesOf(await new Child("babeltrace2", ["--no-delta", directory]).output());
}
