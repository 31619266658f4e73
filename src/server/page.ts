import { createHash } from "node:crypto";
import { PAGE_MARKUP, PAGE_SCRIPT, PAGE_STYLE } from "./page.generated.ts";

/** The page at `/`, in any browser, with nothing from elsewhere. Its sources are in `src/viewer`. */
export const PAGE: string = PAGE_MARKUP.replace(
  "<!-- style -->",
  () => `<style>${PAGE_STYLE}</style>`,
).replace("<!-- script -->", () => `<script>${PAGE_SCRIPT}</script>`);

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
