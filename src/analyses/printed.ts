/** A view without a terminal: its windows, one after another, until there is no more or enough. */

import type { BoardWindow } from "./board.ts";
import { Sampler, type SamplerHost, type SampleSpec } from "./sampler.ts";
import { unknownName } from "./user-filter.ts";

export interface PrintSpec extends SampleSpec {
  /** Ends after so many windows. */
  readonly most: number;
  /** Windows that were given are forgotten; else the sampler has all of them at the end. */
  readonly forgets: boolean;
}

export interface Printing {
  /** Settles at the end with what was lost and noted; fails where no part knows the names of the filter. */
  readonly ended: Promise<Sampler>;
  stop(): void;
}

/** @param onWindow called with each complete window, in order; of all the time with the one there is, at the end */
export function printWindows(
  spec: PrintSpec,
  host: Omit<SamplerHost, "onChange" | "onError">,
  onWindow: (window: BoardWindow) => void,
  onProgress: (share: number) => void = () => {},
): Printing {
  let stop = (): void => {};
  const ended = new Promise<Sampler>((resolve, reject) => {
    let shownNs = -1n;
    let shown = 0;
    const show = (windows: readonly BoardWindow[]): void => {
      for (const window of windows) {
        if (window.startNs <= shownNs || shown === spec.most) continue;
        shownNs = window.startNs;
        shown++;
        onWindow(window);
        if (spec.forgets) sampler.board.forget(window.startNs);
      }
    };
    const finish = (): void => {
      sampler.stop();
      const { unanswered } = sampler;
      const isFilterWrong =
        spec.scope.filter !== "" && unanswered.length === spec.view.parts.length;
      if (isFilterWrong) reject(unknownName(unanswered[0]!));
      else resolve(sampler);
    };
    const onChange = (): void => {
      if (sampler === undefined) return;
      onProgress(sampler.progress);
      if (sampler.hasEnded) show(sampler.board.windows);
      // A later part may still add to the last window.
      else if (typeof spec.time === "string") show(sampler.board.windows.slice(0, -1));
      if (sampler.hasEnded || shown === spec.most) finish();
    };
    const sampler: Sampler = new Sampler(spec, { ...host, onChange, onError: reject });
    stop = finish;
    sampler.start();
  });
  return { ended, stop: () => stop() };
}
