/** How much of the processors a thread gets where they are short. */

import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** As `nice` counts: where two threads want one processor, this one gets a quarter of it. */
const BEHIND = 5;

/**
 * Lowers the priority of this thread, and of those that it starts, so that threads which answer others at once need not wait for it.
 * Linux has a priority for each thread; elsewhere nothing changes.
 */
export function standBack(): void {
  try {
    // The link is read by the thread that asks: "PID/task/TID".
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), BEHIND);
  } catch {
    // No `/proc`, or not allowed: others wait a little longer.
  }
}
