/** `tracewire enable --follow`: event rules that change as containers come and go, until Ctrl-C. */

import { spawn } from "node:child_process";
import { SourceError } from "../base/errors.ts";
import type { ContainerCondition } from "../filter/container-condition.ts";
import { Finder } from "../runtimes/finder.ts";
import {
  type RecordedNamespace,
  type RecordingRule,
  shellText,
} from "../runtimes/lttng-commands.ts";
import type { NamedPlaces } from "../runtimes/place-kinds.ts";
import { runtimePlaces } from "../runtimes/places.ts";
import { processKey } from "../runtimes/process.ts";
import type { LocalContainer } from "../runtimes/record.ts";
import {
  changeCommands,
  channelCommands,
  disableCommand,
  type FollowedRule,
  namespaceKey,
} from "../runtimes/rule-changes.ts";
import { distinct, isMeant, namespaceOf } from "./enable-namespaces.ts";
import { untilInterrupted } from "./interrupt.ts";
import { note, warn } from "./report.ts";

/** The channel that is made where none is named. */
const OWN_CHANNEL = "tracewire";
const PERIOD_MS = 1000;

export interface FollowOptions extends NamedPlaces {
  readonly run?: true;
  readonly onlyNamed?: true;
}

/** @throws SourceError `ENABLE_LTTNG` when a command fails: what would be recorded after it is not what was asked for */
export async function followContainers(
  rule: RecordingRule,
  condition: ContainerCondition,
  options: FollowOptions,
): Promise<void> {
  const rules = new FollowedRules({ ...rule, channel: rule.channel ?? OWN_CHANNEL }, options.run);
  await rules.begin(rule.channel === undefined);
  const finder = new Finder({
    places: runtimePlaces(options, options.onlyNamed === true),
    periodMs: PERIOD_MS,
    onContainers: (containers) => rules.update(containers.filter((one) => isMeant(condition, one))),
    onProblem: warn,
  });
  note("following containers; Ctrl-C disables their rules");
  const following = finder.follow();
  await Promise.race([untilInterrupted(), rules.failed]).finally(() => finder.stop());
  await following;
  await rules.end();
}

/** The rules of one channel. Changes are made one after the other; those that come meanwhile are made together. */
class FollowedRules {
  readonly #rule: FollowedRule;
  readonly #isRun: boolean;
  readonly #running = new Map<string, LocalContainer>();
  #recorded: readonly RecordedNamespace[] = [];
  #changing: Promise<void> = Promise.resolve();
  #isWaiting = false;
  #fail: (error: unknown) => void = () => {};
  /** Rejects when a command has failed. */
  readonly failed: Promise<never> = new Promise((_, reject) => {
    this.#fail = reject;
  });

  constructor(rule: FollowedRule, isRun: true | undefined) {
    this.#rule = rule;
    this.#isRun = isRun === true;
    this.failed.catch(() => undefined);
  }

  /** @param isOwnChannel whether to make it; one that was there may still have rules of an earlier run */
  async begin(isOwnChannel: boolean): Promise<void> {
    if (isOwnChannel) await this.#run(channelCommands(this.#rule));
    else if (this.#isRun)
      for (const event of this.#rule.events)
        await lttng(disableCommand(this.#rule, event), "ignore");
  }

  /** @param containers some that run, or have ended */
  update(containers: readonly LocalContainer[]): void {
    for (const container of containers) this.#note(container);
    if (containers.length === 0 || this.#isWaiting) return;
    this.#isWaiting = true;
    this.#changing = this.#changing.then(() => {
      this.#isWaiting = false;
      return this.#change([...this.#running.values()].map(namespaceOf));
    });
    this.#changing.catch(this.#fail);
  }

  /** Disables what is enabled. */
  async end(): Promise<void> {
    await this.#changing;
    await this.#change([]);
  }

  #note(container: LocalContainer): void {
    const key = processKey(container);
    const isEnd = container.endNs !== 0n;
    const isNews = isEnd ? this.#running.delete(key) : !this.#running.has(key);
    if (!isEnd) this.#running.set(key, container);
    if (isNews) note(`${container.name}: ${isEnd ? "ended" : `runs, init ${container.initPid}`}`);
  }

  async #change(namespaces: readonly RecordedNamespace[]): Promise<void> {
    const wanted = distinct(namespaces);
    const commands = changeCommands(this.#rule, this.#recorded, wanted);
    await this.#run(commands);
    this.#recorded = wanted;
    if (!this.#isRun || commands.length === 0) return;
    note(`recording ${wanted.length === 0 ? "nothing" : wanted.map(namespaceKey).join(", ")}`);
  }

  async #run(commands: readonly (readonly string[])[]): Promise<void> {
    for (const words of commands) {
      process.stdout.write(`${shellText(words)}\n`);
      if (!this.#isRun) continue;
      const ending = await lttng(words, "inherit");
      if (ending !== 0) throw new SourceError("ENABLE_LTTNG", `${shellText(words)}: ${ending}`);
    }
  }
}

/** Runs a command; gives 0, or how it failed. */
function lttng(
  [program = "", ...args]: readonly string[],
  output: "inherit" | "ignore",
): Promise<0 | string> {
  // In a process group of its own: Ctrl-C must not end it between two steps.
  const child = spawn(program, args, { stdio: ["ignore", output, output], detached: true });
  return new Promise((resolve) => {
    child.once("exit", (status, signal) =>
      resolve(status === 0 ? 0 : `ended with ${status ?? signal}`),
    );
    child.once("error", ({ message }) => resolve(message));
  });
}
