/** Serves a trace inside a program: `node serve.js ./trace`. */

import { serve } from "tracewire";

const server = await serve([process.argv[2] ?? "./trace"], { port: 0, log: console.error });
console.log(`listening on ${server.url}`);

const answer = await fetch(`${server.url}/v1/query?format=csv&select=event&limit=2`);
console.log(await answer.text());

await server.close();
