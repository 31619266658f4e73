#!/usr/bin/env node
import { program } from "./program.ts";
import { reportAndExit } from "./report.ts";

program()
  .parseAsync(process.argv)
  .catch((error: unknown) => reportAndExit(error));
