import { DecodeError } from "../../../base/errors.ts";
import { Slots } from "../../../ctf/field-cursor.ts";
import type { PacketHeader } from "../../../ctf/packet-header.ts";
import type { EventClass, StreamClass, TraceClass } from "../../../ctf/trace-class.ts";
import type { Walk } from "../../walk.ts";
import { planHeaderWalk, planRecordWalk } from "../../walk-planner.ts";
import { Walker } from "../../walker.ts";

/** Records that are looked at: enough to meet most of the classes that a packet has. */
const RECORDS_AHEAD = 500;

/**
 * Looks which event classes are next in a packet, so that they can be compiled together: a module of WebAssembly costs as
 * much as the code of several classes. A guess: the scan compiles a class that is missed when it meets it.
 */
export class ClassLookahead {
  readonly #walker = new Walker();
  readonly #headerWalks = new Map<StreamClass, Walk>();
  readonly #recordWalks = new Map<EventClass, Walk>();

  /** The event classes of the records from a bit on, as far as these make sense. */
  ahead(
    bytes: Uint8Array,
    { streamClass, slots, contentBits }: PacketHeader,
    { slotCount }: TraceClass,
    bit: number,
  ): Set<EventClass> {
    const walker = this.#walker;
    if (walker.slots.hi.length < slotCount) walker.slots = new Slots(slotCount);
    walker.slots.set(slots);
    walker.bytes = bytes;
    walker.bit = bit;
    walker.end = contentBits;
    const found = new Set<EventClass>();
    try {
      for (let i = 0; i < RECORDS_AHEAD && walker.bit < walker.end; i++) {
        const begin = walker.bit;
        walker.eventId = 0;
        walker.run(this.#headerWalk(streamClass));
        const eventClass = streamClass.eventClasses.get(walker.eventId);
        if (eventClass === undefined) break;
        found.add(eventClass);
        walker.run(this.#recordWalk(streamClass, eventClass));
        if (walker.bit === begin) break;
      }
    } catch (error) {
      // The scan comes to it as well, and reports it.
      if (!(error instanceof DecodeError)) throw error;
    }
    return found;
  }

  #headerWalk(streamClass: StreamClass): Walk {
    let walk = this.#headerWalks.get(streamClass);
    if (walk === undefined) {
      walk = planHeaderWalk(streamClass);
      this.#headerWalks.set(streamClass, walk);
    }
    return walk;
  }

  #recordWalk(streamClass: StreamClass, eventClass: EventClass): Walk {
    let walk = this.#recordWalks.get(eventClass);
    if (walk === undefined) {
      walk = planRecordWalk(streamClass, eventClass);
      this.#recordWalks.set(eventClass, walk);
    }
    return walk;
  }
}
