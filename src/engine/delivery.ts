import { eventBytes } from './flow-control.ts';
import type { DecodedEvent, OutputsEvent, TokenEvent } from './channel/messages.ts';

// The caller's end of one sequence. Events wait here until they are asked for; what a caller has been given once is not
// given again when the sequence runs again after a worker's death.

export interface DoneEvent {
  readonly kind: 'done';
  readonly finish: 'stop' | 'length' | null;
  /** Steps that the network ran. */
  readonly steps: number;
  readonly queuedMs: number;
  readonly runMs: number;
}
export type SequenceEvent = OutputsEvent | TokenEvent | DecodedEvent | DoneEvent;

export interface Delivery {
  readonly events: AsyncIterable<SequenceEvent>;
  deliver(event: OutputsEvent | TokenEvent | DecodedEvent): void;
  done(event: DoneEvent): void;
  fail(error: Error): void;
  /** Estimated bytes of the events that wait. */
  readonly unreadBytes: number;
  /** Steps whose outputs, and tokens, that were given so far. */
  readonly delivered: { readonly steps: number; readonly tokens: number };
}

export function createDelivery({
  onAbandon,
  onRead,
  unread = { bytes: 0 },
}: {
  /** The caller stops asking before the end. */
  readonly onAbandon: () => void;
  /** An event of so many estimated bytes was read, dropped, or had been given before. */
  readonly onRead?: ((bytes: number) => void) | undefined;
  /** The same for all deliveries of an engine together. */
  readonly unread?: { bytes: number };
}): Delivery {
  let waiting: SequenceEvent[] = [];
  let asked: { resolve: (result: IteratorResult<SequenceEvent>) => void; reject: (error: Error) => void }[] =
    [];
  let over = false;
  let failure: Error | null = null;
  let unreadBytes = 0;
  let nextStep = 0;
  let nextToken = 0;

  const keep = (bytes: number): void => {
    unreadBytes += bytes;
    unread.bytes += bytes;
  };
  const bytesOf = (event: SequenceEvent): number => (event.kind === 'done' ? 0 : eventBytes(event));

  function put(event: SequenceEvent): void {
    const asker = asked.shift();
    if (asker) {
      asker.resolve({ done: false, value: event });
      onRead?.(bytesOf(event));
      return;
    }
    keep(bytesOf(event));
    waiting.push(event.kind === 'outputs' ? inOwnMemory(event) : event);
  }
  function close(): void {
    over = true;
    for (const { resolve, reject } of asked) {
      if (failure) reject(failure);
      else resolve({ done: true, value: undefined });
      failure = null;
    }
    asked = [];
  }

  const iterator: AsyncIterator<SequenceEvent> = {
    next() {
      const event = waiting.shift();
      if (event) {
        const bytes = bytesOf(event);
        keep(-bytes);
        onRead?.(bytes);
        return Promise.resolve({ done: false, value: event });
      }
      if (failure) {
        const error = failure;
        failure = null;
        return Promise.reject(error);
      }
      if (over) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve, reject) => asked.push({ resolve, reject }));
    },
    return() {
      const early = !over;
      const dropped = unreadBytes;
      waiting = [];
      keep(-dropped);
      failure = null;
      close();
      if (early) onAbandon();
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  return {
    events: { [Symbol.asyncIterator]: () => iterator },
    get unreadBytes() {
      return unreadBytes;
    },
    get delivered() {
      return { steps: nextStep, tokens: nextToken };
    },
    deliver(event) {
      if (over) return;
      if (event.kind === 'token') {
        if (event.index < nextToken) return onRead?.(eventBytes(event));
        nextToken = event.index + 1;
        return put(event);
      }
      if (event.kind === 'decoded') return put(event);
      const { first, steps, width, values } = event;
      const given = Math.min(steps, Math.max(0, nextStep - first));
      if (given > 0) onRead?.(given === steps ? eventBytes(event) : 4 * given * width);
      if (given === steps) return;
      nextStep = first + steps;
      if (given === 0) return put(event);
      put({
        kind: 'outputs',
        first: first + given,
        steps: steps - given,
        width,
        values: values.subarray(given * width),
      });
    },
    done(event) {
      if (over) return;
      put(event);
      close();
    },
    fail(error) {
      if (over) return;
      failure = error;
      close();
    },
  };
}

/** Values arrive as a view of the whole message, with all that its worker sent at a time: an unread event must not keep it. */
function inOwnMemory(event: OutputsEvent): OutputsEvent {
  const { values } = event;
  return values.byteLength === values.buffer.byteLength ? event : { ...event, values: values.slice() };
}
