import { readdirSync, readlinkSync } from "node:fs";

/** How many files of a directory this process has open. */
export function filesOpenBelow(directory: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => target(fd).startsWith(directory)).length;
}

function target(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "";
  }
}
