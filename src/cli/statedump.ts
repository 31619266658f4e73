import { Finder } from "../runtimes/finder.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { runtimePlaces } from "../runtimes/places.ts";
import { jsonLine, type LocalContainer } from "../runtimes/record.ts";
import { RecordWriter } from "../runtimes/record-writer.ts";
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

/** Where records go. */
interface Sink {
  readonly emit: (containers: readonly LocalContainer[]) => void;
  /** Settles when the reader has gone; rejects if it has failed. */
  readonly ended: Promise<void>;
  readonly close: () => Promise<void>;
}

/** `tracewire statedump`: writes container records into traces or to stdout until Ctrl-C. */
export async function statedump(options: StatedumpOptions): Promise<void> {
  const places = runtimePlaces(options, options.onlyNamed === true);
  const sink = options.print ? stdoutSink() : providerSink(options.provider);
  const onContainers = options.once ? (): void => {} : sink.emit;
  const finder = new Finder({ places, periodMs: options.period, onContainers, onProblem: warn });
  if (options.once) {
    sink.emit(await finder.once());
  } else {
    if (!options.print) note("emitting container records; Ctrl-C ends it");
    const following = finder.follow();
    await Promise.race([untilInterrupted(), sink.ended]).finally(() => finder.stop());
    await following;
  }
  await sink.close();
}

function providerSink(program: string | undefined): Sink {
  const provider = TracepointProvider.start(program, warn);
  return {
    emit: (containers) => provider.emit(containers),
    ended: provider.failed,
    close: () => provider.close(),
  };
}

/** JSON lines; a reader that goes away, such as `head`, is no failure. */
function stdoutSink(): Sink {
  const { stdout } = process;
  const textOf = (containers: readonly LocalContainer[]): string =>
    containers.map(jsonLine).join("");
  const writer = new RecordWriter(stdout, textOf, (isBehind) => {
    warn(isBehind ? "stdout is not read: dropping records" : "stdout is read again");
  });
  const ended = new Promise<void>((resolve, reject) => {
    stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") resolve();
      else reject(error);
    });
  });
  ended.catch(() => undefined);
  return { emit: (containers) => writer.write(containers), ended, close: async () => {} };
}
