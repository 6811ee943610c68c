import type { DoneEvent, SequenceEvent } from '../engine/delivery.ts';
import type { EventSource } from '../engine/event-source.ts';
import { UnrollError } from '../errors.ts';

/** Turns the events of one sequence into a result. */
export interface Collector<T> {
  /** The next event is read once this has resolved. */
  readonly push: (event: SequenceEvent) => Promise<void> | void;
  readonly end: () => Promise<T> | T;
}

export interface Collected<T> {
  readonly result: T;
  /** The last event. */
  readonly end: DoneEvent;
}

/**
 * Reads a sequence to its end, without a promise for each event: a short request has two.
 * @throws UnrollError whatever ended the sequence, or the collector threw
 */
export function collectEvents<T>(
  events: EventSource<SequenceEvent>,
  { push, end }: Collector<T>,
): Promise<Collected<T>> {
  return new Promise((resolve, reject) => {
    let pushing = false;
    let over = false;
    const fail = (error: unknown): void => {
      over = true;
      resolve(throwOnceClosed(events, error));
    };
    const finish = (last: DoneEvent): void => {
      over = true;
      const result = end();
      if (result instanceof Promise) result.then((made) => resolve({ result: made, end: last }), reject);
      else resolve({ result, end: last });
    };
    const read = (): void => {
      if (pushing || over) return;
      try {
        for (let event = events.take(); event; event = events.take()) {
          if (event.kind === 'done') return finish(event);
          const pushed = push(event);
          if (!pushed) continue;
          pushing = true;
          return void pushed.then(goOn, fail);
        }
        if (events.ended) throw new UnrollError('internal', 'a sequence ended without its last event');
      } catch (error) {
        fail(error);
      }
    };
    const goOn = (): void => {
      pushing = false;
      read();
    };
    events.listen(read);
  });
}

async function throwOnceClosed(events: Pick<EventSource<unknown>, 'close'>, error: unknown): Promise<never> {
  await Promise.allSettled([events.close()]);
  throw error;
}
