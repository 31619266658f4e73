/**
 * The example programs, each compiled and run in a user's project that has the package as it is published and nothing
 * else: strict, with the declarations of libraries checked, too.
 */

import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { replay } from "../src/index.ts";
import { Child } from "./support/child.ts";
import { PROJECT, recordedTrace } from "./support/traces.ts";

const test = suite("examples");
const folder = mkdtempSync(join(tmpdir(), "tracewire-examples-"));
const trace = await recordedTrace("small");
const SMALL_ROWS = 17_202;

const cleanup: (() => Promise<void>)[] = [];

test.after(async () => {
  for (const end of cleanup) await end();
  rmSync(folder, { recursive: true });
  await trace.remove();
});

const EXAMPLES = readdirSync(join(PROJECT, "examples")).filter((name) => name.endsWith(".ts"));

/** Puts a package of the project's own installation into the user's. */
function link(name: string): void {
  const to = join(folder, "node_modules", name);
  mkdirSync(dirname(to), { recursive: true });
  symlinkSync(join(PROJECT, "node_modules", name), to);
}

test.before(() => {
  const packed = execFileSync(
    "npm",
    ["pack", "--ignore-scripts", "--json", "--pack-destination", folder],
    { cwd: PROJECT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  const installed = join(folder, "node_modules/tracewire");
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
  const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  mkdirSync(join(folder, "src"));
  for (const name of [...Object.keys(dependencies), "@types/node"]) link(name);
  for (const name of EXAMPLES)
    copyFileSync(join(PROJECT, "examples", name), join(folder, "src", name));
  // The programs of the documentation, as they stand there.
  const documented = readFileSync(join(PROJECT, "docs/api.md"), "utf8").matchAll(
    /```ts\n([\s\S]*?)```/g,
  );
  for (const [i, [, code]] of [...documented].entries())
    writeFileSync(join(folder, "src", `docs-${i}.ts`), code!);
  const compilerOptions = {
    target: "es2022",
    module: "nodenext",
    strict: true,
    skipLibCheck: false,
    types: ["node"],
    rootDir: "src",
    outDir: "build",
    noEmitOnError: true,
  };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions, include: ["src"] }),
  );
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
});

test("compile in strict mode, against declarations that are checked, too", () => {
  assert.is(EXAMPLES.length, 5);
  for (const name of EXAMPLES) {
    const lines = readFileSync(join(PROJECT, "examples", name), "utf8").split("\n").length - 1;
    assert.ok(lines <= 25, `${name}: ${lines} lines`);
  }
  try {
    execFileSync(join(PROJECT, "node_modules/.bin/tsc"), ["-p", folder], { encoding: "utf8" });
  } catch (error) {
    assert.unreachable((error as { stdout: string }).stdout);
  }
});

function program(name: string, ...args: readonly string[]): Child {
  return new Child(process.execPath, [join(folder, "build", `${name}.js`), ...args]);
}

test("the program of docs/api.md counts what failed, by process", async () => {
  const lines = (await program("docs-1", trace.path).output()).trimEnd().split("\n");
  assert.ok(lines.length > 3, `${lines.length} lines`);
  for (const line of lines) assert.match(line, /^\d+ \S.* \S+$/);
});

test("follow.ts shows a container's failed calls, live", async () => {
  const relayd = await replay([trace.path], { speed: 4, loop: true, session: "small" });
  cleanup.push(() => relayd.close());
  const child = program("follow", relayd.urls[0]!, "thirsty_meninsky");
  cleanup.push(() => child.stop());
  await child.until("printed a row", () => child.lines.length > 0);
  assert.match(child.lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z \S+ -\d+$/);
});

test("to-arrow.ts makes a table of a whole trace", async () => {
  const output = await program("to-arrow", trace.path).output();
  assert.match(output, /^\d\d event classes\n/);
  assert.match(output, new RegExp(`^${SMALL_ROWS} rows: timestamp, event, cpu_id$`, "m"));
});

test("operator.ts adds an operator of its own", async () => {
  const output = await program("operator", trace.path).output();
  assert.match(output, /^\d{19}: \d{4,} µs of silence before$/m);
});

test("serve.ts answers a query inside the program", async () => {
  const output = await program("serve", trace.path).output();
  assert.match(output, /^listening on http:\/\/127\.0\.0\.1:\d+\nevent\n\S+\n\S+\n/);
});

test("forward.ts sends what a filter finds, a JSON object a line", async () => {
  const received: Buffer[] = [];
  const server = createServer((socket) => socket.on("data", (bytes) => received.push(bytes)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanup.push(async () => void server.close());
  const { port } = server.address() as { port: number };
  await program("forward", trace.path, String(port)).output();
  const rows = Buffer.concat(received).toString().trimEnd().split("\n");
  assert.ok(rows.length > 3, `${rows.length} rows`);
  for (const row of rows) {
    const { timestamp, filename } = JSON.parse(row) as Record<string, unknown>;
    assert.match(String(timestamp), /^\d{4}-\d\d-\d\dT.*\.\d{9}Z$/);
    assert.match(String(filename), /^\//);
  }
});

test.run();
