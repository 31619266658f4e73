import { Finder } from "../runtimes/finder.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { runtimePlaces } from "../runtimes/places.ts";
import { jsonLine, type LocalContainer } from "../runtimes/record.ts";
import { TracepointProvider } from "../runtimes/tracepoint-provider.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, warn } from "./report.ts";

export interface StatedumpOptions extends NamedPlaces {
  readonly print?: true;
  readonly once?: true;
  readonly onlyNamed?: true;
  readonly period: number;
  readonly provider?: string;
}

/** `tracewire statedump`: tells of this machine's containers until Ctrl-C, in traces or on stdout. */
export async function statedump(options: StatedumpOptions): Promise<void> {
  const places = runtimePlaces(options, options.onlyNamed === true);
  const provider = options.print ? undefined : TracepointProvider.start(options.provider, warn);
  const tell = (containers: readonly LocalContainer[]): void => {
    if (provider !== undefined) provider.emit(containers);
    else process.stdout.write(containers.map(jsonLine).join(""));
  };
  const onContainers = options.once ? (): void => {} : tell;
  const finder = new Finder({ places, periodMs: options.period, onContainers, onProblem: warn });
  if (options.once) {
    tell(await finder.once());
  } else {
    if (provider !== undefined) note("telling of containers; Ctrl-C ends it");
    const following = finder.follow();
    await Promise.race([untilInterrupted(), ...(provider === undefined ? [] : [provider.failed])]);
    finder.stop();
    await following;
  }
  await provider?.close();
}
