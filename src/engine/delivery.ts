import { eventBytes } from './flow-control.ts';
import type {
  DecodedEvent,
  FinalState,
  InsideEvent,
  OutputsEvent,
  TensorsEvent,
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
export type SequenceEvent = OutputsEvent | InsideEvent | TokenEvent | DecodedEvent | TensorsEvent | DoneEvent;

/** Passes the events of one sequence from the engine to its reader. */
export interface Delivery {
  readonly events: AsyncIterable<SequenceEvent>;
  deliver(event: Exclude<SequenceEvent, DoneEvent>): void;
  done(event: DoneEvent): void;
  fail(error: Error): void;
  /** Estimated bytes of the queued events. */
  readonly unreadBytes: number;
  /** Steps whose outputs or inside values have been delivered, and tokens that have been delivered. */
  readonly delivered: { readonly steps: number; readonly insideSteps: number; readonly tokens: number };
}

export function createDelivery({
  onAbandon,
  onRead,
  unread = { bytes: 0 },
}: {
  /** Called when the caller stops reading before the end. */
  readonly onAbandon: () => void;
  /** Called with the estimated bytes of an event that was read, or that had been delivered before. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** Unread bytes of all deliveries of an engine. */
  readonly unread?: { bytes: number };
}): Delivery {
  let queue: SequenceEvent[] = [];
  let readers: {
    resolve: (result: IteratorResult<SequenceEvent>) => void;
    reject: (error: Error) => void;
  }[] = [];
  let ended = false;
  let failure: Error | null = null;
  let unreadBytes = 0;
  let nextStep = 0;
  let nextInside = 0;
  let nextToken = 0;

  const addUnread = (bytes: number): void => {
    unreadBytes += bytes;
    unread.bytes += bytes;
  };
  const estimateBytes = (event: SequenceEvent): number => (event.kind === 'done' ? 0 : eventBytes(event));

  function enqueue(event: SequenceEvent): void {
    const reader = readers.shift();
    if (reader) {
      reader.resolve({ done: false, value: event });
      onRead?.(estimateBytes(event));
      return;
    }
    addUnread(estimateBytes(event));
    queue.push(event.kind === 'outputs' || event.kind === 'inside' ? copyValues(event) : event);
  }
  function close(): void {
    ended = true;
    for (const { resolve, reject } of readers) {
      if (failure) reject(failure);
      else resolve({ done: true, value: undefined });
      failure = null;
    }
    readers = [];
  }

  const iterator: AsyncIterator<SequenceEvent> = {
    next() {
      const event = queue.shift();
      if (event) {
        const bytes = estimateBytes(event);
        addUnread(-bytes);
        onRead?.(bytes);
        return Promise.resolve({ done: false, value: event });
      }
      if (failure) {
        const error = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (ended) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve, reject) => readers.push({ resolve, reject }));
    },
    return() {
      const abandoned = !ended;
      const dropped = unreadBytes;
      queue = [];
      addUnread(-dropped);
      failure = null;
      close();
      if (abandoned) onAbandon();
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  return {
    events: { [Symbol.asyncIterator]: () => iterator },
    get unreadBytes() {
      return unreadBytes;
    },
    get delivered() {
      return { steps: nextStep, insideSteps: nextInside, tokens: nextToken };
    },
    deliver(event) {
      if (ended) return;
      if (event.kind === 'token') {
        if (event.index < nextToken) return onRead?.(eventBytes(event));
        nextToken = event.index + 1;
        return enqueue(event);
      }
      if (event.kind === 'decoded' || event.kind === 'tensors') return enqueue(event);
      const { kind, first, steps, width, values } = event;
      const next = kind === 'outputs' ? nextStep : nextInside;
      const duplicates = Math.min(steps, Math.max(0, next - first));
      if (duplicates > 0) onRead?.(duplicates === steps ? eventBytes(event) : 4 * duplicates * width);
      if (duplicates === steps) return;
      if (kind === 'outputs') nextStep = first + steps;
      else nextInside = first + steps;
      if (duplicates === 0) return enqueue(event);
      enqueue({
        kind,
        first: first + duplicates,
        steps: steps - duplicates,
        width,
        values: values.subarray(duplicates * width),
      });
    },
    done(event) {
      if (ended) return;
      enqueue(event);
      close();
    },
    fail(error) {
      if (ended) return;
      failure = error;
      close();
    },
  };
}

/**
 * Copies an event's values, which are a view of a whole message of its worker: an unread event must not
 * retain that.
 */
function copyValues<Event extends OutputsEvent | InsideEvent>(event: Event): Event {
  const { values } = event;
  return values.byteLength === values.buffer.byteLength ? event : { ...event, values: values.slice() };
}
