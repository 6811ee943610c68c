import type { Tensor } from '../network/weights.ts';
import { invalidWeights, quote } from './format-errors.ts';

/** Arrays of a file by the names they have there, in its order. */
export type Arrays = ReadonlyMap<string, Tensor>;

/** Limits on every file of weights, checked before anything is allocated from what the file says. */
const arrayLimits = {
  arrays: 4096,
  nameLength: 256,
  dimensions: 8,
  /** Numbers in one array: 2 GiB as float32. */
  elements: 2 ** 29,
  /** Numbers in all arrays of a file: views may show one storage many times. */
  allElements: 2 ** 30,
} as const;

/** How many numbers a shape has. @throws UnrollError invalid_weights for what is no shape, or one too large */
export function countElements(shape: readonly unknown[], where: string): number {
  if (shape.length > arrayLimits.dimensions)
    invalidWeights(`${where}: ${shape.length} dimensions, the limit is ${arrayLimits.dimensions}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || (size as number) < 0)
      invalidWeights(`${where}: a dimension of ${quote(size)}`);
    count *= size as number;
  }
  // in floating point a product of absurd sizes may become ∞ or, times 0, NaN: neither is small
  if (!(count <= arrayLimits.elements))
    invalidWeights(
      `${where}: a shape of [${shape.join(', ')}] has more than ${arrayLimits.elements} numbers`,
    );
  return count;
}

/** Arrays as they are found, within the limits. */
export function createArrayCollector<T extends Tensor = Tensor>(): {
  /** Before an array is made: so many more numbers. */
  reserve(elements: number): void;
  add(name: string, array: T): void;
  readonly arrays: ReadonlyMap<string, T>;
} {
  const arrays = new Map<string, T>();
  let elements = 0;
  return {
    reserve(more) {
      elements += more;
      if (elements > arrayLimits.allElements)
        invalidWeights(`its arrays have more than ${arrayLimits.allElements} numbers altogether`);
    },
    add(name, array) {
      if (name.length > arrayLimits.nameLength)
        invalidWeights(
          `the name ${quote(name)} has ${name.length} characters, the limit is ${arrayLimits.nameLength}`,
        );
      if (arrays.has(name)) invalidWeights(`${quote(name)} stands there twice`);
      if (arrays.size >= arrayLimits.arrays) invalidWeights(`more than ${arrayLimits.arrays} arrays`);
      arrays.set(name, array);
    },
    arrays,
  };
}
