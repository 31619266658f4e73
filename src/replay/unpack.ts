import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";

/** A trace directory in a temporary place. */
export interface UnpackedTrace {
  readonly path: string;
  /** Removes it. */
  remove(): Promise<void>;
}

const inflate = promisify(gunzip);

/** Unpacks a directory in which every file is gzipped on its own (`k_0.gz`), as the package carries its traces. */
export async function unpackTrace(packed: string): Promise<UnpackedTrace> {
  const path = await mkdtemp(join(tmpdir(), "tracewire-"));
  try {
    await unpackInto(packed, path);
  } catch (error) {
    await rm(path, { recursive: true, force: true });
    throw error;
  }
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

async function unpackInto(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    if (entry.isDirectory()) {
      const target = join(to, entry.name);
      await mkdir(target);
      await unpackInto(source, target);
    } else if (entry.name.endsWith(".gz")) {
      await writeFile(join(to, entry.name.slice(0, -3)), await inflate(await readFile(source)));
    }
  }
}
