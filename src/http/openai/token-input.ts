import type { TokenIds } from '../../tasks/task-input.ts';

type IdLists = readonly number[] | readonly (readonly number[])[];

/** Marks a list of numbers, or of lists of numbers, as ids of the model's vocabulary. */
export function toTokenInput<T>(input: T, field: string): Exclude<T, IdLists> | TokenIds {
  const first: unknown = Array.isArray(input) ? input[0] : undefined;
  if (typeof first === 'number') return { ids: [input as readonly number[]], field };
  if (Array.isArray(first) && typeof first[0] !== 'string')
    return { ids: input as readonly (readonly number[])[], field };
  return input as Exclude<T, IdLists>;
}
