import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROJECT } from "./support/traces.ts";

/** Which folder of `src` may import which others and which packages. The table of src/README.md; debts would stand here. */
const MAY_IMPORT: Readonly<
  Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>
> = {
  base: { folders: [], packages: [] },
  wasm: { folders: [], packages: [] },
  ctf: {
    folders: ["base"],
    packages: ["node:fs", "node:fs/promises", "node:path", "node:util"],
  },
  relay: { folders: ["base"], packages: ["node:net", "node:stream"] },
  column: { folders: ["base", "ctf"], packages: [] },
  filter: { folders: ["base", "ctf", "column"], packages: ["nearley"] },
  source: {
    folders: ["base", "ctf", "relay"],
    packages: ["rxjs", "node:fs", "node:path", "node:worker_threads"],
  },
  scan: { folders: ["base", "wasm", "ctf", "column", "filter"], packages: [] },
  feed: {
    folders: ["base", "ctf", "relay", "filter", "source"],
    packages: ["rxjs", "node:fs"],
  },
  query: {
    folders: ["base", "wasm", "ctf", "relay", "column", "filter", "source", "scan", "feed"],
    packages: ["rxjs", "node:fs", "node:os", "node:worker_threads"],
  },
  containers: { folders: ["base"], packages: [] },
  operators: {
    folders: [
      "base",
      "ctf",
      "relay",
      "column",
      "filter",
      "source",
      "scan",
      "feed",
      "query",
      "containers",
    ],
    packages: ["rxjs"],
  },
  language: {
    folders: ["base", "column", "filter", "feed", "query", "operators"],
    packages: ["rxjs"],
  },
  format: {
    folders: ["base", "column", "scan"],
    packages: ["apache-arrow", "apache-arrow/ipc/metadata/message"],
  },
  runtimes: {
    folders: ["base"],
    packages: [
      "ws",
      "node:child_process",
      "node:events",
      "node:fs",
      "node:fs/promises",
      "node:http",
      "node:path",
      "node:stream",
      "node:timers/promises",
      "node:url",
    ],
  },
  replay: {
    folders: ["base", "ctf", "relay"],
    packages: [
      "node:events",
      "node:fs",
      "node:fs/promises",
      "node:net",
      "node:os",
      "node:path",
      "node:util",
      "node:zlib",
    ],
  },
  server: {
    folders: [
      "base",
      "ctf",
      "relay",
      "column",
      "filter",
      "source",
      "scan",
      "feed",
      "query",
      "containers",
      "language",
      "operators",
      "format",
      "runtimes",
    ],
    packages: [
      "rxjs",
      "ws",
      "node:crypto",
      "node:http",
      "node:net",
      "node:stream",
      "node:fs",
      "node:fs/promises",
      "node:os",
      "node:url",
      "node:events",
    ],
  },
  library: {
    folders: [
      "base",
      "ctf",
      "relay",
      "column",
      "filter",
      "source",
      "feed",
      "query",
      "language",
      "operators",
      "format",
    ],
    packages: ["rxjs"],
  },
  cli: {
    folders: [
      "base",
      "ctf",
      "relay",
      "column",
      "filter",
      "source",
      "scan",
      "feed",
      "query",
      "containers",
      "language",
      "operators",
      "format",
      "runtimes",
      "replay",
      "server",
    ],
    packages: [
      "rxjs",
      "commander",
      "picocolors",
      "node:fs",
      "node:module",
      "node:stream",
      "node:url",
      "node:util",
    ],
  },
};

const SRC = join(PROJECT, "src");

interface Import {
  readonly file: string;
  readonly folder: string;
  readonly target: string;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  const folder = relative(SRC, file).split("/")[0]!;
  const targets = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(
    (match) => match[1]!,
  );
  return targets.map((target) => ({ file: relative(PROJECT, file), folder, target }));
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return entry.name.endsWith(".ts") ? [path] : [];
  });
}

function isAllowed({ file, folder, target }: Import): boolean {
  if (file === "src/index.ts") return true;
  const table = MAY_IMPORT[folder];
  if (table === undefined) return false;
  if (!target.startsWith(".")) return table.packages.includes(target);
  const other = relative(SRC, join(PROJECT, file, "..", target)).split("/")[0]!;
  return other === folder || table.folders.includes(other);
}

const test = suite("layers");

test("every import goes downward, by the table", () => {
  const imports = sourceFiles(SRC).flatMap(importsOf);
  assert.ok(imports.length > 300, `found ${imports.length} imports`);
  const wrong = imports
    .filter((one) => !isAllowed(one))
    .map(({ file, target }) => `${file} imports ${target}`);
  assert.equal(wrong, []);
});

test("every folder of src stands in the table", () => {
  const folders = readdirSync(SRC, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.equal(
    folders.map(({ name }) => name).filter((name) => MAY_IMPORT[name] === undefined),
    [],
  );
});

test("no file but the entry points is a barrel", () => {
  const barrels = sourceFiles(SRC).filter((file) => {
    const text = readFileSync(file, "utf8");
    return /^export (\*|\{[^}]*\}|type \*) from/m.test(text) && relative(SRC, file) !== "index.ts";
  });
  assert.equal(barrels, []);
});

test.run();
