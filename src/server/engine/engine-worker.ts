/** The thread that runs queries: whatever they cost, requests are answered meanwhile. */

import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { standBack } from "../../base/thread-priority.ts";
import { Engine, type Say } from "./engine.ts";
import { failureOf } from "./failure.ts";
import type { EngineOptions, ToEngine } from "./messages.ts";

async function run(port: MessagePort, options: EngineOptions): Promise<void> {
  standBack();
  const say: Say = (message, moved = []) => port.postMessage(message, moved);
  // What comes before the sources are open waits in the port: it has no listener yet.
  let engine: Engine;
  try {
    engine = await Engine.open(options, say);
  } catch (error) {
    say({ kind: "failed", failure: failureOf(error) });
    return;
  }
  port.on("message", (message: ToEngine) => {
    if (message.kind !== "close") {
      engine.take(message);
      return;
    }
    void engine.close().then(() => say({ kind: "closed" }));
  });
  say({ kind: "opened" });
}

if (parentPort !== null) void run(parentPort, workerData as EngineOptions);
