import type { EventSource } from '../engine/event-source.ts';

export interface ServerEvent {
  /** Null for an event without a name. */
  readonly event: string | null;
  /** Counted from 0 where it is undefined; null for none. */
  readonly id?: number | null;
  /** A text is sent as it is. */
  readonly data: object | string;
}

/** An event that takes long to make, such as that of a whole reply, is a promise. */
export type ServerEvents = EventSource<ServerEvent | Promise<ServerEvent>>;
