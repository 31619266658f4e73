/** Asks a server the same thing again and again, from a process of its own, and says how long the answers took. */

import { request } from "node:http";

const [, , url = "", token = ""] = process.argv;
const headers = token === "" ? {} : { Authorization: `Bearer ${token}` };

/** Milliseconds, or the patience where no answer came. */
function ask(path: string, patienceMs: number): Promise<number> {
  return new Promise((resolve) => {
    const began = performance.now();
    const done = (): void => resolve(performance.now() - began);
    const asked = request(`${url}${path}`, { headers, agent: false }, (response) => {
      response.resume();
      response.on("end", done);
      response.on("error", done);
    });
    asked.setTimeout(patienceMs, () => asked.destroy());
    asked.on("error", done);
    asked.end();
  });
}

async function repeat(path: string, everyMs: number, into: number[]): Promise<void> {
  for (;;) {
    into.push(await ask(path, 60_000));
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

const health: number[] = [];
const queries: number[] = [];
// What the probe itself loads is not the server's.
await ask("/healthz", 60_000);
void repeat("/healthz", 20, health);
if (process.argv[4] === "query") void repeat("/v1/query?limit=10&format=ndjson", 200, queries);
process.stdout.write("probing\n");
process.on("SIGTERM", () => {
  process.stdout.write(`${JSON.stringify({ health, queries })}\n`, () => process.exit());
});
