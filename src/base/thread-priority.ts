/** How much of the processors a thread gets where they are short. */

import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Of `nice`: a third of the processor that a thread gets which has not said so, where both want one. */
const BEHIND = 5;

/**
 * This thread stands back where processors are short: others of the process are asked by many, and need them for moments. So do the
 * threads that it starts. To Linux a thread is a process of its own in this; elsewhere nothing changes.
 */
export function standBack(): void {
  try {
    // The link is read by the thread that asks: "PID/task/TID".
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), BEHIND);
  } catch {
    // No `/proc`, or not allowed: it only takes longer turns.
  }
}
