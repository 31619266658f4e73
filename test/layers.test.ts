/** The rules of `src`: which folder may import which, no circles, and files and functions that fit on a few screens. */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROJECT } from "./support/traces.ts";

/** Which folder of `src` may import which others and which packages. The table of src/README.md. */
const MAY_IMPORT: Readonly<
  Record<string, { readonly folders: readonly string[]; readonly packages: readonly string[] }>
> = {
  base: { folders: [], packages: ["node:fs", "node:os", "node:path", "node:v8", "node:zlib"] },
  wasm: { folders: [], packages: [] },
  ctf: {
    folders: ["base", "wasm"],
    packages: ["node:fs", "node:fs/promises", "node:path", "node:util", "node:zlib"],
  },
  relay: { folders: ["base"], packages: ["node:net", "node:stream"] },
  followed: { folders: ["base", "wasm", "ctf"], packages: ["node:fs", "node:path"] },
  column: { folders: ["base", "ctf"], packages: [] },
  filter: { folders: ["base", "ctf", "column"], packages: ["nearley"] },
  source: {
    folders: ["base", "ctf", "relay", "followed"],
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
  calls: { folders: ["base"], packages: [] },
  language: {
    folders: ["base", "ctf", "calls", "column", "filter", "feed", "query", "operators"],
    packages: ["rxjs", "node:fs", "node:os", "node:path", "node:url"],
  },
  format: {
    folders: ["base", "wasm", "column", "scan"],
    packages: [
      "apache-arrow",
      "apache-arrow/ipc/metadata/message",
      "hyparquet",
      "hyparquet-writer",
    ],
  },
  segments: {
    folders: ["base", "column", "ctf", "filter", "source", "query", "operators", "language"],
    packages: ["rxjs", "apache-arrow", "hyparquet", "node:fs", "node:path", "node:zlib"],
  },
  record: {
    folders: ["base", "ctf", "column", "feed", "query", "operators", "format", "segments", "cut"],
    packages: ["node:fs", "node:path"],
  },
  cut: {
    folders: ["base", "wasm", "ctf", "column", "scan"],
    packages: ["node:fs", "node:path"],
  },
  convert: {
    folders: [
      "base",
      "ctf",
      "column",
      "source",
      "feed",
      "query",
      "operators",
      "format",
      "segments",
      "record",
    ],
    packages: ["node:os", "node:worker_threads"],
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
      "segments",
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
      "node:https",
      "node:path",
      "node:perf_hooks",
      "node:tls",
      "node:worker_threads",
    ],
  },
  viewer: { folders: [], packages: ["@uwdata/flechette"] },
  analyses: {
    folders: [
      "base",
      "ctf",
      "relay",
      "column",
      "filter",
      "source",
      "feed",
      "query",
      "operators",
      "language",
      "segments",
    ],
    packages: ["rxjs"],
  },
  processes: {
    folders: ["base", "column", "containers", "feed", "filter", "operators", "query"],
    packages: [],
  },
  strace: {
    folders: ["base", "ctf", "calls", "column", "filter", "feed", "query", "operators", "language"],
    packages: [],
  },
  watch: {
    folders: [],
    packages: ["node:child_process"],
  },
  terminal: {
    folders: ["base"],
    packages: ["node:fs", "node:readline", "node:tty"],
  },
  top: {
    folders: [
      "base",
      "terminal",
      "ctf",
      "relay",
      "column",
      "filter",
      "source",
      "feed",
      "query",
      "operators",
      "language",
      "analyses",
    ],
    packages: ["rxjs"],
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
      "segments",
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
      "segments",
      "record",
      "cut",
      "convert",
      "server",
      "analyses",
      "processes",
      "strace",
      "watch",
      "terminal",
      "top",
    ],
    packages: [
      "rxjs",
      "commander",
      "node:crypto",
      "picocolors",
      "node:child_process",
      "node:fs",
      "node:module",
      "node:os",
      "node:path",
      "node:stream",
      "node:url",
      "node:util",
    ],
  },
  launch: {
    folders: ["base"],
    packages: ["node:fs", "node:module", "node:url", "node:v8", "node:vm", "node:zlib"],
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
  const targets = [...text.matchAll(/(?:^|[\s;}])(?:from|import)\s*\(?\s*"([^"\n]+)"/g)].map(
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
  const folders = readdirSync(SRC, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && sourceFiles(join(SRC, entry.name)).length > 0,
  );
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

/** Files that import each other, by values or by types, through however many others. */
function circles(): string[][] {
  const files = sourceFiles(SRC).map((file) => relative(PROJECT, file));
  const targets = new Map(
    files.map((file) => {
      const imports = importsOf(join(PROJECT, file)).filter(({ target }) => target.startsWith("."));
      return [file, imports.map(({ target }) => join(file, "..", target))];
    }),
  );
  const reached = (from: string): Set<string> => {
    const found = new Set<string>();
    const open = [...(targets.get(from) ?? [])];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (found.has(next)) continue;
      found.add(next);
      open.push(...(targets.get(next) ?? []));
    }
    return found;
  };
  const all = new Map(files.map((file) => [file, reached(file)]));
  return files
    .map((file) => files.filter((other) => all.get(file)!.has(other) && all.get(other)!.has(file)))
    .filter((circle) => circle.length > 0);
}

const MOST_FILE_LINES = 400;
const MOST_FUNCTION_LINES = 80;
/** Functions that are longer, as `file:line`; hot loops, whose comment says so, may be. */
function longFunctions(file: string): string[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, i) => {
    const text = line.trim();
    const isFunction = /(=> \{|\)(: .*)? \{)$/.test(text) && !text.startsWith("*");
    const isStatement = /^(\} )?(if|for|while|switch|else|catch)\b/.test(text);
    if (!isFunction || (isStatement && !text.endsWith("=> {"))) return [];
    const indent = line.slice(0, line.length - line.trimStart().length);
    const length = lines.slice(i + 1).findIndex((other) => other.startsWith(`${indent}}`)) + 2;
    const isHot = lines.slice(Math.max(0, i - 4), i).some((other) => /hot loop/i.test(other));
    return length <= MOST_FUNCTION_LINES || isHot
      ? []
      : [`${relative(PROJECT, file)}:${i + 1} has ${length} lines`];
  });
}

test("no files import each other, not even types", () => {
  assert.equal(circles(), []);
});

test(`no file has more than ${MOST_FILE_LINES} lines, no function more than ${MOST_FUNCTION_LINES}`, () => {
  const files = sourceFiles(SRC).filter((file) => !file.endsWith(".generated.ts"));
  const long = files.filter(
    (file) => readFileSync(file, "utf8").trimEnd().split("\n").length > MOST_FILE_LINES,
  );
  assert.equal(
    long.map((file) => relative(PROJECT, file)),
    [],
  );
  assert.equal(files.flatMap(longFunctions), []);
});

const HEADED_LINES = 150;

test(`a file of more than ${HEADED_LINES} lines begins with what it is`, () => {
  const bare = sourceFiles(SRC).filter((file) => {
    const text = readFileSync(file, "utf8");
    const isLong = text.split("\n").length > HEADED_LINES && !file.endsWith(".generated.ts");
    return isLong && !text.startsWith("/**") && !/^(import[^;]*;\n|\n)*\/\*\*/.test(text);
  });
  assert.equal(
    bare.map((file) => relative(PROJECT, file)),
    [],
  );
});

test("the architecture page names files that are there", () => {
  const text = readFileSync(join(SRC, "README.md"), "utf8");
  const files = sourceFiles(SRC).map((file) => relative(SRC, file));
  const named = [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file]) => file!);
  assert.ok(named.length > 50);
  const missing = named.filter((name) =>
    name.startsWith("test/")
      ? !readdirSync(join(PROJECT, name, "..")).includes(name.split("/").at(-1)!)
      : !files.some((file) => file === name || file.endsWith(`/${name}`)),
  );
  assert.equal(missing, []);
  const folders = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, folder]) => folder!);
  assert.equal(folders.sort(), Object.keys(MAY_IMPORT).sort());
});

test.run();
