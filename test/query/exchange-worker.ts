/** A thread that compiles the modules that it is given, and exchanges them with others. */

import { parentPort, workerData } from "node:worker_threads";
import { type ExchangePart, SharedModules } from "../../src/query/module-exchange.ts";
import { cachedModule, compilationCount, exchangeModules } from "../../src/wasm/module-cache.ts";
import { instantiate } from "../../src/wasm/runtime.ts";

export interface ExchangeTask {
  readonly part: ExchangePart;
  readonly codes: readonly Uint8Array<ArrayBuffer>[];
}

export interface ExchangeAnswer {
  readonly answers: readonly unknown[];
  /** How many modules this thread has compiled. */
  readonly own: number;
}

const { part, codes } = workerData as ExchangeTask;
exchangeModules(new SharedModules(part));
const answers = codes.map((code) => instantiate(cachedModule(code), {})["answer"]?.());
parentPort?.postMessage({ answers, own: compilationCount() } satisfies ExchangeAnswer);
