import { replay as startReplay } from "../replay/server.ts";
import { untilInterrupted } from "./interrupt.ts";
import type { Address } from "./options.ts";
import { printAddress } from "./output.ts";
import { note, warn } from "./report.ts";

export interface ReplayCommandOptions {
  readonly listen: Address;
  readonly speed: number | "max";
  readonly loop?: true;
  readonly now?: true;
  readonly session?: string;
}

/** `tracewire replay`: serves until Ctrl-C. */
export async function replay(
  directories: readonly string[],
  options: ReplayCommandOptions,
): Promise<void> {
  const { listen, speed, loop, now, session } = options;
  const server = await startReplay(directories, {
    host: listen.host,
    port: listen.port,
    speed,
    loop,
    session,
    shiftToNow: now,
  });
  printAddress(server.urls.join("\n"), warn);
  note("serving over the live protocol; Ctrl-C ends it");
  await untilInterrupted();
  await server.close();
}
