/**
 * docs/api.md has what the source declares: options with their types and comments, members, exports. `UPDATE=1` writes the tables anew.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { PROJECT } from "../support/traces.ts";

const test = suite("library/api-doc");
const PATH = join(PROJECT, "docs/api.md");

const read = (path: string): string => readFileSync(join(PROJECT, path), "utf8");

/** A comment's text in one line: what it says before its tags. */
function sentence(comment: string | undefined): string {
  const lines = (comment ?? "")
    .split("\n")
    .map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*)? ?/, ""));
  const text = lines
    .join(" ")
    .replace(/\s*\*\/\s*$/, "")
    .replace(/\s+/g, " ")
    .trim();
  return text.split(/ @(?:param|throws|returns|see) /)[0]!.replaceAll("|", "\\|");
}

const COMMENT = String.raw`(?:(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)\s*)?`;

/** The text of a declaration's body. */
function bodyOf(kind: string, name: string, path: string): string {
  const found = new RegExp(`export ${kind} ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(
    read(path),
  );
  assert.ok(found, `${name} in ${path}`);
  return found[1]!;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function options(name: string, path: string): string {
  const field = new RegExp(`${COMMENT}readonly (\\w+)(\\??): ([^;]+);`, "g");
  const rows = [...bodyOf("interface", name, path).matchAll(field)].map(
    ([, comment, own, , type]) => [
      `\`${own}\``,
      `\`${type!
        .replace(/ \| undefined$/, "")
        .replace(/\s+/g, " ")
        .replaceAll("|", "\\|")}\``,
      sentence(comment),
    ],
  );
  assert.ok(rows.length > 0, name);
  return `\`${name}\`\n\n${table(["option", "type", "meaning"], rows)}`;
}

function members(name: string, path: string): string {
  const body = bodyOf("class", name, path);
  const member = new RegExp(
    `^  ${COMMENT}(?:async )?(?:get |readonly )?(\\*?\\[?[a-zA-Z.]+\\]?)(\\((?:[^()]|\\([^()]*\\))*\\))?: ([^{;]+?)(?:;| \\{)$`,
    "gm",
  );
  const rows = [...body.matchAll(member)].map(([, comment, own, parameters = "", type]) => [
    `\`${own!.replace("*", "")}${parameters.replace(/\s+/g, " ")}\``,
    `\`${type!.replace(/\s+/g, " ").replaceAll("|", "\\|")}\``,
    sentence(comment),
  ]);
  assert.ok(rows.length > 0, name);
  return `\`${name}\`\n\n${table(["member", "type", "meaning"], rows)}`;
}

/** Every name of `index.ts`, and the first sentence of its comment. */
function exported(): string {
  const index = read("src/index.ts");
  const rows: string[][] = [];
  for (const [, names, path] of index.matchAll(
    /export (?:type )?(\*|\{[^}]*\}) from "\.\/([^"]+)"/g,
  )) {
    const source = read(join("src", path!));
    const declared = new RegExp(
      `${COMMENT}export (?:abstract )?(?:async )?(const|function|class|interface|type) (\\w+)`,
      "g",
    );
    const comments = new Map(
      [...source.matchAll(declared)].map(([, text, kind, name]) => [name!, [kind!, text]]),
    );
    const own =
      names === "*"
        ? [...comments.keys()]
        : [...names!.matchAll(/(?:type )?(\w+)/g)].map(([, name]) => name!);
    for (const name of own.filter((one) => one !== "type")) {
      const [kind, comment] = comments.get(name) ?? [];
      assert.ok(kind, `${name} of ${path}`);
      const isType = names === "*" && (kind === "const" || kind === "function");
      if (!isType)
        rows.push([`\`${name}\``, kind, sentence(comment).split(/(?<=[.;:]) /)[0] ?? ""]);
    }
  }
  rows.sort(([a = ""], [b = ""]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  return table(["name", "kind", "meaning"], rows);
}

function written(text: string): string {
  return text.replace(
    /<!-- (\w+)( \w+)?( \S+)? -->\n[\s\S]*?<!-- end -->/g,
    (block, kind, name, path) => {
      const [first] = block.split("\n");
      const content =
        kind === "options"
          ? options(name.trim(), path.trim())
          : kind === "members"
            ? members(name.trim(), path.trim())
            : exported();
      return `${first}\n${content}\n<!-- end -->`;
    },
  );
}

test("docs/api.md says what the source declares", () => {
  const text = readFileSync(PATH, "utf8");
  const fresh = written(text);
  if (process.env["UPDATE"] === "1") writeFileSync(PATH, fresh);
  else assert.is(text, fresh);
});

test.run();
