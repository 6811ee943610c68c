import type { SequenceEvent } from '../engine/delivery.ts';
import type { InsidePlan } from '../network/inside.ts';
import type { Collector } from './collect-events.ts';

/** The inside values of some steps of a sequence. */
export interface InsideValues {
  readonly plan: InsidePlan;
  /** A row for each step [plan.width]. */
  readonly rows: readonly Float32Array[];
}

/** Collects a sequence's inside values beside its result. */
export function collectInside<T>(
  plan: InsidePlan | undefined,
  collector: Collector<T>,
): Collector<{ readonly value: T; readonly inside: InsideValues | undefined }> {
  const rows: Float32Array[] = [];
  return {
    push(event) {
      if (event.kind !== 'inside') return collector.push(event);
      for (const row of splitInside(event)) rows.push(row);
    },
    end() {
      const withRows = (value: T) => ({ value, inside: plan && { plan, rows } });
      const ended = collector.end();
      return ended instanceof Promise ? ended.then(withRows) : withRows(ended);
    },
  };
}

/** The rows of a stream that wait for the event of their step. */
interface WaitingRows {
  push(event: SequenceEvent): void;
  /** Removes the row of a step. @returns undefined where no values are wanted */
  take(step: number): InsideValues | undefined;
}

export function createWaitingRows(plan: InsidePlan | undefined): WaitingRows {
  const rows = new Map<number, Float32Array>();
  return {
    push(event) {
      if (event.kind !== 'inside') return;
      for (const [t, row] of splitInside(event).entries()) rows.set(event.first + t, row);
    },
    take(step) {
      const row = rows.get(step);
      rows.delete(step);
      return plan && row && { plan, rows: [row] };
    },
  };
}

type InsideEvent = Extract<SequenceEvent, { kind: 'inside' }>;

/** Copies: an event's values are a view of a whole message of its worker. */
const splitInside = ({ values, width, steps }: InsideEvent): Float32Array[] =>
  Array.from({ length: steps }, (_, t) => values.slice(t * width, (t + 1) * width));
