/** Where a server listens: what it takes over, what it leaves alone, and that nothing but its options opens it to others. */

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { type ServeOptions, serve } from "../../src/server/server.ts";
import { Child } from "../support/child.ts";
import { needs } from "../support/needs.ts";
import { recordedTrace } from "../support/traces.ts";
import { bearer, get } from "./lab.ts";

const plainTest = suite("server/listener");
const test = needs(plainTest, ["python3"]);

async function inFolder(work: (folder: string, trace: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "tracewire-listener-"));
  const trace = await recordedTrace("small");
  try {
    await work(folder, trace.path);
  } finally {
    await trace.remove();
    rmSync(folder, { recursive: true });
  }
}

async function refusal(trace: string, options: ServeOptions): Promise<Error & { code: string }> {
  try {
    await (await serve([trace], options)).close();
  } catch (error) {
    return error as Error & { code: string };
  }
  assert.unreachable("listens");
  throw new Error();
}

plainTest("refuses a path that would be cut off", async () => {
  await inFolder(async (folder, trace) => {
    const path = join(folder, "x".repeat(200));
    const { code, message } = await refusal(trace, { path });
    assert.is(code, "BAD_SOCKET_PATH");
    assert.match(message, `got ${path.length}`);
    assert.equal(readdirSync(folder), []);
  });
});

/** Sockets that a program has, though no one can connect to them. */
const HELD = {
  "of datagrams": "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(path)",
  "with a full queue": `s = socket.socket(socket.AF_UNIX); s.bind(path); s.listen(0)
for _ in range(3):
    c = socket.socket(socket.AF_UNIX); c.setblocking(False); c.connect_ex(path); kept.append(c)`,
};

for (const [kind, code] of Object.entries(HELD))
  test(`leaves alone a socket ${kind} that another program has`, async () => {
    await inFolder(async (folder, trace) => {
      const path = join(folder, "held");
      const program = `import socket, sys; path = sys.argv[1]; kept = []\n${code}\nprint("held", flush=True); sys.stdin.read()`;
      const holder = new Child("python3", ["-c", program, path]);
      await holder.until("has its socket", () => holder.stdout.includes("held"));
      const { ino } = statSync(path);
      assert.is((await refusal(trace, { path })).code, "EADDRINUSE");
      assert.is(statSync(path).ino, ino);
      holder.process.stdin!.end();
      await holder.end();
      await (await serve([trace], { path })).close();
    });
  });

plainTest("asks for a token after a reload where it had to ask for one at its start", async () => {
  await inFolder(async (_folder, trace) => {
    const token = "a-token-of-this-test";
    const server = await serve([trace], { host: "0.0.0.0", port: 0, token });
    const reached = { ...server, url: server.url.replace("0.0.0.0", "127.0.0.1") };
    try {
      assert.throws(() => server.reload({}), /expected a token/);
      assert.is((await get(reached, "/v1/sources")).status, 401);
      server.reload({ token: "another-token-of-it" });
      assert.is((await get(reached, "/v1/sources", bearer(token))).status, 401);
      assert.is((await get(reached, "/v1/sources", bearer("another-token-of-it"))).status, 200);
    } finally {
      await server.close();
    }
  });
});

plainTest.run();
