/** What a feed's thread and the thread that follows a relayd for it say to each other. */

import { isPooled } from "../base/buffer-pool.ts";
import type { Item } from "../base/item.ts";
import type { FollowScope } from "../relay/follow.ts";
import type { SentItem } from "./item-courier.ts";

export type ToRelayThread =
  | {
      readonly kind: "follow";
      readonly url: string;
      readonly options: FollowScope;
    }
  /** So many more items are done with, in their order. The memory of packets goes back, moved, for those to come. */
  | { readonly kind: "done"; readonly items: number; readonly memory: readonly ArrayBuffer[] }
  | { readonly kind: "stop" };

export type FromRelayThread =
  /** The memory of packets is moved, if it is not small. */
  | { readonly kind: "items"; readonly items: readonly SentItem[] }
  /** The last that is said: everything is released. */
  | { readonly kind: "ended"; readonly failure: FollowFailure | undefined };

/** An error of the source on its way between threads. */
export interface FollowFailure {
  /** `other` is a defect. */
  readonly type: "protocol" | "source" | "other";
  readonly code: string;
  readonly message: string;
  readonly peer: string | undefined;
}

/** Items that were sent are done with, or the source waits: so many bytes of them, as `sizeOf` counts. */
export const WINDOW_BYTES: number = 4 << 20;
/** What an item counts beside its packet. */
const ITEM_BYTES = 256;

export function sizeOf(item: Item): number {
  return ITEM_BYTES + (item.kind === "packet" ? item.bytes.length : 0);
}

/** The memory of an item that is worth moving: small memory is copied sooner. */
export function memoryOf(item: Item): ArrayBuffer | undefined {
  return item.kind === "packet" && isPooled(item.bytes.buffer) ? item.bytes.buffer : undefined;
}
