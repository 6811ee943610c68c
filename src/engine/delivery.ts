import { readEvents, type EventSource } from './event-source.ts';
import { eventBytes } from './flow-control.ts';
import { createMicrotask } from './coalesced.ts';
import type {
  DecodedEvent,
  FinalState,
  InsideEvent,
  OutputsEvent,
  TensorsEvent,
  TextEvent,
  TokenEvent,
} from './channel/messages.ts';

// The caller's side of one sequence. Events are queued here until they are read. Events that were delivered
// once are not delivered again when the sequence runs again after its worker crashed.

export interface DoneEvent {
  readonly kind: 'done';
  readonly finish: 'stop' | 'length' | null;
  /** Steps run by the network. */
  readonly steps: number;
  readonly queuedMs: number;
  readonly runMs: number;
  /** Steps that were not run, since the state after them was known; the tasks count them. */
  readonly reusedSteps?: number;
  /** After the last step, where the request keeps it. */
  readonly state: FinalState | null;
}
export type SequenceEvent =
  OutputsEvent | InsideEvent | TokenEvent | TextEvent | DecodedEvent | TensorsEvent | DoneEvent;

/** Passes the events of one sequence from the engine to its reader. */
export interface Delivery {
  readonly events: EventSource<SequenceEvent>;
  deliver(event: Exclude<SequenceEvent, DoneEvent>): void;
  done(event: DoneEvent): void;
  fail(error: Error): void;
  /** Estimated bytes of the queued events. */
  readonly unreadBytes: number;
  /** Steps whose outputs or inside values have been delivered, and tokens that have been delivered. */
  readonly delivered: { readonly steps: number; readonly insideSteps: number; readonly tokens: number };
}

interface DeliveryOptions {
  /** Called when the caller stops reading before the end. */
  readonly onAbandon: () => void;
  /** Called with the estimated bytes of an event that was read, or that had been delivered before. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** Unread bytes of all deliveries of an engine. */
  readonly unread?: { bytes: number };
}

export const createDelivery = (options: DeliveryOptions): Delivery => new SequenceDelivery(options);

class SequenceDelivery implements Delivery, EventSource<SequenceEvent> {
  readonly #options: DeliveryOptions;
  #queue: SequenceEvent[] = [];
  /** Events at the start of the queue whose values are copies. */
  #owned = 0;
  #listener: (() => void) | null = null;
  #notified = false;
  #closed = false;
  #failure: Error | null = null;
  #unreadBytes = 0;
  #nextStep = 0;
  #nextInside = 0;
  #nextToken = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get events(): EventSource<SequenceEvent> {
    return this;
  }
  get unreadBytes(): number {
    return this.#unreadBytes;
  }
  get delivered() {
    return { steps: this.#nextStep, insideSteps: this.#nextInside, tokens: this.#nextToken };
  }

  deliver(event: Exclude<SequenceEvent, DoneEvent>): void {
    if (this.#closed) return;
    if (event.kind === 'token' || event.kind === 'text') {
      // a worker sends no text of which a part was delivered
      if (event.index < this.#nextToken) return this.#options.onRead?.(eventBytes(event));
      this.#nextToken = indexAfter(event);
      return this.#enqueue(event);
    }
    if (event.kind === 'decoded' || event.kind === 'tensors') return this.#enqueue(event);
    const { kind, first, steps, width, values } = event;
    const next = kind === 'outputs' ? this.#nextStep : this.#nextInside;
    const duplicates = Math.min(steps, Math.max(0, next - first));
    if (duplicates > 0)
      this.#options.onRead?.(duplicates === steps ? eventBytes(event) : 4 * duplicates * width);
    if (duplicates === steps) return;
    if (kind === 'outputs') this.#nextStep = first + steps;
    else this.#nextInside = first + steps;
    if (duplicates === 0) return this.#enqueue(event);
    this.#enqueue({
      kind,
      first: first + duplicates,
      steps: steps - duplicates,
      width,
      values: values.subarray(duplicates * width),
    });
  }

  done(event: DoneEvent): void {
    if (this.#closed) return;
    this.#enqueue(event);
    this.#closed = true;
  }

  fail(error: Error): void {
    if (this.#closed) return;
    this.#failure = error;
    this.#closed = true;
    this.#notify();
  }

  take(): SequenceEvent | null {
    const event = this.#queue.shift();
    if (event) {
      if (this.#owned > 0) this.#owned--;
      const bytes = estimateBytes(event);
      this.#addUnread(-bytes);
      this.#options.onRead?.(bytes);
      return event;
    }
    if (this.#failure) {
      const error = this.#failure;
      this.#failure = null;
      throw error;
    }
    return null;
  }

  get ended(): boolean {
    return this.#closed && this.#queue.length === 0 && this.#failure === null;
  }

  listen(ready: () => void): void {
    this.#listener = ready;
    if (this.#queue.length > 0 || this.#closed) this.#notify();
  }

  close(): void {
    const abandoned = !this.#closed;
    this.#queue = [];
    this.#addUnread(-this.#unreadBytes);
    this.#failure = null;
    this.#closed = true;
    if (abandoned) this.#options.onAbandon();
  }

  [Symbol.asyncIterator](): AsyncIterator<SequenceEvent> {
    return readEvents(this);
  }

  #enqueue(event: SequenceEvent): void {
    this.#addUnread(estimateBytes(event));
    this.#queue.push(event);
    this.#notify();
  }

  #addUnread(bytes: number): void {
    this.#unreadBytes += bytes;
    if (this.#options.unread) this.#options.unread.bytes += bytes;
  }

  /** Lets the listener read once all reports of this turn have been delivered. */
  #notify(): void {
    if (this.#notified) return;
    this.#notified = true;
    afterReports(() => {
      this.#notified = false;
      this.#listener?.();
      this.#own();
    });
  }

  /**
   * Copies the values of the events that were not read, which are a view of a whole message of its worker: an unread
   * event must not retain that.
   */
  #own(): void {
    for (; this.#owned < this.#queue.length; this.#owned++) {
      const event = this.#queue[this.#owned]!;
      if (event.kind === 'outputs' || event.kind === 'inside') this.#queue[this.#owned] = copyValues(event);
    }
  }
}

/** Index of the token after those of an event. */
export const indexAfter = (event: TokenEvent | TextEvent): number =>
  event.index + (event.kind === 'text' ? event.tokens : 1);

const estimateBytes = (event: SequenceEvent): number => (event.kind === 'done' ? 0 : eventBytes(event));

let waiting: (() => void)[] = [];
const notifyAll = createMicrotask(() => {
  const listeners = waiting;
  waiting = [];
  for (const listener of listeners) listener();
});
/** Calls all listeners of a turn of the event loop in one microtask: the events of a tick are read together. */
function afterReports(listener: () => void): void {
  waiting.push(listener);
  notifyAll();
}

function copyValues<Event extends OutputsEvent | InsideEvent>(event: Event): Event {
  const { values } = event;
  return values.byteLength === values.buffer.byteLength ? event : { ...event, values: values.slice() };
}
