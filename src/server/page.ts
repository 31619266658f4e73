import { createHash } from "node:crypto";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** The page at `/`: rows as they come, in any browser, with nothing from elsewhere. */
export const PAGE: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tracewire</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
  <form id="query">
    <h1>tracewire</h1>
    <label id="sources" hidden>source <select id="source"></select></label>
    <label class="where">where
      <input id="where" spellcheck="false" autocomplete="off" autocapitalize="off"
        placeholder="an LTTng filter, such as  $container.name == &quot;some-redis&quot; &amp;&amp; ret &lt; 0">
    </label>
    <button>Run</button>
    <button type="button" id="stop">Stop</button>
  </form>
  <form id="access" hidden>
    <label>token <input id="token" type="password" autocomplete="off"></label>
    <button>Enter</button>
  </form>
  <pre id="error" role="alert" hidden></pre>
  <dl>
    <div class="wide"><dt>state</dt><dd id="state">connecting</dd></div>
    <div><dt>rows/s</dt><dd id="rate">0</dd></div>
    <div><dt>rows</dt><dd id="rows">0</dd></div>
    <div><dt>events lost</dt><dd id="lost_events">0</dd></div>
    <div><dt>packets lost</dt><dd id="lost_packets">0</dd></div>
    <div><dt>late</dt><dd id="late">0</dd></div>
    <div><dt>unnamed</dt><dd id="unnamed_rows" title="rows that a condition on containers left out because their container had no name">0</dd></div>
    <div><dt>dropped</dt><dd id="dropped">0</dd></div>
    <div><dt>columns</dt><dd><label><input type="checkbox" id="all"> all</label></dd></div>
  </dl>
  <p id="note" hidden></p>
</header>
<main><table><thead><tr id="head"></tr></thead><tbody id="body"></tbody></table></main>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;

/** The page's `Content-Security-Policy`: this script, this style, and the server it came from. */
export const PAGE_POLICY: string = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "connect-src 'self'",
  "img-src data:",
  `script-src '${digest(PAGE_SCRIPT)}'`,
  `style-src '${digest(PAGE_STYLE)}'`,
].join("; ");

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
