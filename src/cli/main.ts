#!/usr/bin/env node
import module from "node:module";
import { program } from "./program.ts";
import { reportAndExit } from "./report.ts";

// From Node 22.1 on: what a command loads was compiled by the run before.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

program()
  .parseAsync(process.argv)
  .catch((error: unknown) => reportAndExit(error));
