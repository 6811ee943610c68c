import { z } from 'zod';
import type { TaskInput } from '../../../tasks/task-input.ts';

interface Mismatch {
  readonly path: (string | number)[];
  readonly message: string;
}

/**
 * Finds an element that is not a text, a number or a list of them at most three deep; null where there is
 * none.
 */
function findMismatch(value: unknown, depth: number): Mismatch | null {
  if (typeof value === 'number' || (typeof value === 'string' && depth < 3)) return null;
  if (!Array.isArray(value) || depth > 2)
    return {
      path: [],
      message: `must be ${depth === 0 ? 'a text or a list' : depth < 2 ? 'a text, a number or a list' : 'a number'}, was ${describeType(value)}`,
    };
  for (let i = 0; i < value.length; i++) {
    const item: unknown = value[i];
    // most elements are numbers and texts: a single check each
    if (typeof item === 'number' || (typeof item === 'string' && depth < 2)) continue;
    const found = findMismatch(item, depth + 1);
    if (found) return { ...found, path: [i, ...found.path] };
  }
  return null;
}

const describeType = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a deeper list' : typeof value;

const numbers = { type: 'array', items: { type: 'number' } };

/**
 * The input of a sequence task. Checked by our own code: a union of zod arrays would visit every number of a
 * long series several times, and report an infinite number as a wrong type instead of a value that the model
 * cannot read.
 */
export const taskInput = z
  .custom<TaskInput>()
  .superRefine((value, context) => {
    const found =
      typeof value === 'number'
        ? { path: [], message: 'must be a text or a list, was number' }
        : findMismatch(value, 0);
    if (found) context.addIssue({ code: 'custom', path: found.path, message: found.message });
  })
  .meta({
    description:
      'A text or a list of texts, or of lists of tokens that are split already; for numeric models one sequence as [steps][features] or a list of those. A flat list of numbers is one step of several features, or several steps of the only feature.',
    anyOf: [
      { type: 'string' },
      { type: 'array', items: { type: 'string' } },
      { type: 'array', items: { type: 'array', items: { type: 'string' } } },
      numbers,
      { type: 'array', items: numbers },
      { type: 'array', items: { type: 'array', items: numbers } },
    ],
  });
