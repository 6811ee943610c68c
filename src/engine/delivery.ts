import type { DecodedEvent, OutputsEvent, TokenEvent } from './messages.ts';

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
  give(event: OutputsEvent | TokenEvent | DecodedEvent): void;
  done(event: DoneEvent): void;
  fail(error: Error): void;
}

/** @param abandoned called when the caller stops asking before the end */
export function createDelivery(abandoned: () => void): Delivery {
  let waiting: SequenceEvent[] = [];
  let asked: { resolve: (result: IteratorResult<SequenceEvent>) => void; reject: (error: Error) => void }[] =
    [];
  let over = false;
  let failure: Error | null = null;
  let nextStep = 0;
  let nextToken = 0;

  function put(event: SequenceEvent): void {
    const asker = asked.shift();
    if (asker) asker.resolve({ done: false, value: event });
    else waiting.push(event);
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
      if (event) return Promise.resolve({ done: false, value: event });
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
      waiting = [];
      failure = null;
      close();
      if (early) abandoned();
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  return {
    events: { [Symbol.asyncIterator]: () => iterator },
    give(event) {
      if (over) return;
      if (event.kind === 'token') {
        if (event.index < nextToken) return;
        nextToken = event.index + 1;
        return put(event);
      }
      if (event.kind === 'decoded') return put(event);
      const { first, steps, width, values } = event;
      const given = Math.min(steps, Math.max(0, nextStep - first));
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
