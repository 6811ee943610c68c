import type { Operand } from '../operand.ts';
import type { Recurrence } from './evaluate-graph.ts';

// Follows numbers through a graph by their values: inputs are drawn at random, so a number that is found again
// has been moved there, whatever operators moved it. What a recurrence starts from is traced to an input, what it
// ends with to an output.

/** Where a number is in the starts and ends of recurrences. */
interface Place {
  readonly recurrence: number;
  readonly carried: number;
  readonly element: number;
}

/**
 * Finds every number of an input among what recurrences start from.
 * @returns the places of each number; null where one is in none, so that the input is no state
 */
export function findStarts(input: Operand, recurrences: readonly Recurrence[]): Place[][] | null {
  const places = new Map<number, Place[]>();
  recurrences.forEach(({ starts }, recurrence) =>
    starts.forEach((start, carried) =>
      start?.values.forEach((value, element) => {
        const found = places.get(value);
        if (found) found.push({ recurrence, carried, element });
        else places.set(value, [{ recurrence, carried, element }]);
      }),
    ),
  );
  const found = Array.from(input.values, (value) => places.get(value) ?? []);
  return found.length > 0 && found.every((list) => list.length > 0) ? found : null;
}

/** Whether an output is, number by number, the end of what starts at these places. */
export const isEnd = (
  output: Operand,
  starts: readonly (readonly Place[])[],
  recurrences: readonly Recurrence[],
): boolean =>
  output.values.length === starts.length &&
  starts.every((places, i) =>
    places.some(
      ({ recurrence, carried, element }) =>
        recurrences[recurrence]!.ends[carried]!.values[element] === output.values[i],
    ),
  );

/** Whether every number of an output is among what recurrences end with. */
export function isMadeOfEnds(output: Operand, recurrences: readonly Recurrence[]): boolean {
  const ends = new Set<number>();
  for (const { ends: own } of recurrences)
    for (const { values } of own) for (const value of values) ends.add(value);
  return output.values.length > 0 && output.values.every((value) => ends.has(value));
}
