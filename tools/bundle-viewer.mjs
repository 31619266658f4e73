/** Makes src/server/page.generated.ts of src/viewer: the page's markup, script and style, each a string. */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The bundle of an entry point, as text. */
async function bundle(path) {
  const { outputFiles } = await build({
    entryPoints: [at(path)],
    bundle: true,
    minify: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "error",
  });
  return outputFiles[0].text.trimEnd();
}

const parts = {
  PAGE_MARKUP: readFileSync(at("src/viewer/page.html"), "utf8"),
  PAGE_SCRIPT: await bundle("src/viewer/main.ts"),
  PAGE_STYLE: await bundle("src/viewer/style.css"),
};
const lines = Object.entries(parts).map(
  ([name, text]) => `export const ${name}: string = ${JSON.stringify(text)};\n`,
);
writeFileSync(at("src/server/page.generated.ts"), lines.join(""));
