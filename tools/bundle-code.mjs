/**
 * Makes build/bin of build/src: the code of the program and of its threads, in parts that they share. A part is a module as the
 * body of a function that requires what it imports and returns what it exports, so that `src/launch/parts.ts` can run it with the
 * code that an earlier run compiled. What a run does not use, it does not read.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { createHash } from "node:crypto";
import { parse } from "acorn";
import { simple } from "acorn-walk";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const entryPoints = {
  cli: at("build/src/cli/main.js"),
  scan: at("build/src/query/scan-worker.js"),
  relay: at("build/src/source/relay-worker.js"),
  convert: at("build/src/convert/convert-worker.js"),
  engine: at("build/src/server/engine/engine-worker.js"),
};

const { outputFiles } = await build({
  entryPoints,
  bundle: true,
  splitting: true,
  write: false,
  platform: "node",
  format: "esm",
  outdir: at("build/bin"),
  chunkNames: "part-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  charset: "ascii",
  alias: { rxjs: at("node_modules/rxjs/dist/esm/index.js") },
  define: { "import.meta.url": "importMetaUrl" },
  logLevel: "error",
});

/** A module of esbuild's as the body of a function. */
function functionBody(text) {
  const module = parse(text, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  let required = "";
  let returned = "";
  /** Pieces of the text that go, by where they begin: where they end, and what comes instead. */
  const changes = [];
  for (const node of module.body) {
    if (!/^(Import|Export)/.test(node.type)) continue;
    if (node.type === "ImportDeclaration") required += requiredBy(node);
    else returned += returnedBy(node, text);
    changes.push({ ...node, by: "" });
  }
  simple(module, {
    ImportExpression: ({ start, end, source }) =>
      changes.push({ start, end, by: `Promise.resolve().then(()=>require(${source.raw}))` }),
  });
  changes.sort((a, b) => a.start - b.start);
  let body = "";
  let from = module.body[0]?.start ?? 0;
  for (const { start, end, by } of changes) {
    body += text.slice(from, start) + by;
    from = end;
  }
  body += text.slice(from);
  return `(function(require,importMetaUrl,programSum){"use strict";${required}${body};return{${returned}}})`;
}

function requiredBy({ specifiers, source }) {
  const value = `require(${source.raw})`;
  const members = specifiers.filter(({ type }) => type === "ImportSpecifier");
  // Of Node's own modules, default and namespace are what `require` gives; parts have no default.
  const wholes = specifiers.filter(({ type }) => type !== "ImportSpecifier");
  const pattern = members.map(({ imported, local }) => `${imported.name}:${local.name}`).join();
  return [
    ...wholes.map(({ local }) => `const ${local.name}=${value};`),
    ...(members.length > 0 ? [`const{${pattern}}=${value};`] : []),
    ...(specifiers.length === 0 ? [`${value};`] : []),
  ].join("");
}

function returnedBy(node, text) {
  if (node.type === "ExportDefaultDeclaration")
    return `default:${text.slice(node.declaration.start, node.declaration.end)},`;
  if (node.type !== "ExportNamedDeclaration" || node.source !== null || node.declaration !== null)
    throw new Error(`expected esbuild to export names it lists, got ${node.type}`);
  return node.specifiers.map(({ local, exported }) => `${exported.name}:${local.name},`).join("");
}

const parts = outputFiles.map(({ path, text }) => ({ path, body: functionBody(text) }));
const sum = createHash("sha256");
for (const { body } of parts) sum.update(body);
const programSum = sum.digest("hex").slice(0, 8);
mkdirSync(at("build/bin"), { recursive: true });
// Each entry begins with the checksum of all parts: what is cached of one program is not for another.
for (const { path, body } of parts) {
  const isEntry = basename(path, ".js") in entryPoints;
  writeFileSync(path, isEntry ? `/*${programSum}*/${body}` : body);
}
writeFileSync(at("build/bin/package.json"), '{ "type": "commonjs" }\n');
