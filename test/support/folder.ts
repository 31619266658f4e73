import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Folders of one test file; `removeAll` belongs into its `after`. */
export class Folders {
  readonly #paths: string[] = [];

  /** Writes files below a new folder; gives its path. */
  make(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
    const root = mkdtempSync(join(tmpdir(), "tracewire-test-"));
    this.#paths.push(root);
    for (const [name, content] of Object.entries(files)) {
      const path = join(root, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    return root;
  }

  removeAll(): void {
    for (const path of this.#paths.splice(0)) rmSync(path, { recursive: true, force: true });
  }
}
