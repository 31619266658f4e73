/** What is answered, and to whom. */

import { FeedError } from "../base/errors.ts";

export type Method = "GET" | "POST" | "DELETE";

export interface Route {
  /** `/v1/queries/{id}` stands for every id. */
  readonly path: string;
  readonly methods: readonly Method[];
  /** Shows nothing of the traces: no token is asked for. */
  readonly isOpen?: true;
  /** For operators only. */
  readonly isOperators?: true;
  /** A page of another site may have its browser open it. */
  readonly mayBeLinked?: true;
}

export const ROUTE_TABLE: readonly Route[] = [
  { path: "/", methods: ["GET"], isOpen: true, mayBeLinked: true },
  { path: "/healthz", methods: ["GET"], isOpen: true, mayBeLinked: true },
  { path: "/readyz", methods: ["GET"], isOpen: true },
  { path: "/metrics", methods: ["GET"], isOperators: true },
  { path: "/v1/openapi.json", methods: ["GET"], isOpen: true },
  { path: "/v1/complete", methods: ["GET"] },
  { path: "/v1/containers", methods: ["GET"] },
  { path: "/v1/explain", methods: ["GET"] },
  { path: "/v1/plan", methods: ["GET"] },
  { path: "/v1/queries", methods: ["GET"] },
  { path: "/v1/queries/{id}", methods: ["DELETE"] },
  { path: "/v1/query", methods: ["GET", "POST"] },
  { path: "/v1/schema", methods: ["GET"] },
  { path: "/v1/sessions", methods: ["GET"] },
  { path: "/v1/sources", methods: ["GET"] },
  { path: "/v1/watermark", methods: ["GET"] },
  { path: "/v1/losses", methods: ["GET"] },
];

export const ROUTES: readonly string[] = ROUTE_TABLE.map(({ path }) => path);

/**
 * The route of a path, and the id in it.
 * @throws FeedError 404 `NOT_FOUND`
 */
export function routeOf(pathname: string): { readonly route: Route; readonly id: string } {
  const id = /^\/v1\/queries\/([^/]+)$/.exec(pathname)?.[1];
  const path = id === undefined ? pathname : "/v1/queries/{id}";
  const route = ROUTE_TABLE.find((one) => one.path === path);
  if (route !== undefined && !(id === undefined && path.includes("{")))
    return { route, id: id ?? "" };
  const message = `request: expected one of ${ROUTES.join(", ")}, got ${pathname}`;
  throw new FeedError("NOT_FOUND", message, 404);
}

/**
 * HEAD is whatever GET is.
 * @throws FeedError 405 `BAD_METHOD`
 */
export function checkMethod({ path, methods }: Route, method: string | undefined): void {
  const wanted = method === "HEAD" ? "GET" : method;
  if (methods.some((one) => one === wanted)) return;
  throw new FeedError(
    "BAD_METHOD",
    `${path}: expected ${methods.join(" or ")}, got ${method}`,
    405,
  );
}

/** For `Allow`. */
export function allowedMethods({ methods }: Route): string {
  return methods.flatMap((one) => (one === "GET" ? ["GET", "HEAD"] : [one])).join(", ");
}
