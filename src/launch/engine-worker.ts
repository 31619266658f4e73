/** The thread that runs a server's queries, started warm. */

import { runInThread } from "./thread.ts";

runInThread("engine");
