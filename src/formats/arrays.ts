import type { Tensor } from '../network/weights.ts';
import { invalidWeights, quote } from './format-errors.ts';
import { numberTypes, type NumberType } from './number-types.ts';

/** An array of a file, converted to float32. */
export interface FileArray extends Tensor {
  /** Whether the file has whole numbers or truth values. */
  readonly integer?: true;
  /** Whether the file has float64, whose numbers are rounded. */
  readonly rounded?: true;
}

/** The arrays of a file by name, in file order. */
export type Arrays = ReadonlyMap<string, FileArray>;

/** Converts stored numbers of a type to an array. @param data exactly as many as the shape has */
export const toFileArray = (shape: readonly number[], type: NumberType, data: Uint8Array): FileArray => ({
  shape,
  values: numberTypes[type].read(data),
  ...describeType(type),
});

/** What is kept of the type that a file has. */
export const describeType = (type: NumberType): Pick<FileArray, 'integer' | 'rounded'> => ({
  ...(numberTypes[type].exact && { integer: true }),
  ...(type === 'float64' && { rounded: true }),
});

/** Notes how many arrays are rounded, if any are. */
export function listRoundingNotes(arrays: Arrays): string[] {
  const count = [...arrays.values()].filter(({ rounded }) => rounded).length;
  return count === 0
    ? []
    : [`${count} of ${arrays.size} tensors are of float64: their numbers are rounded to float32`];
}

/**
 * An array whose numbers cannot be read, which does not matter where no layer uses it.
 * @param reason thrown as invalid_weights when its values are used
 */
export const unreadableArray = (shape: readonly number[], reason: string): FileArray => ({
  shape,
  get values() {
    return invalidWeights(reason);
  },
});

/** Limits on every weights file, checked before anything is allocated for it. */
const arrayLimits = {
  arrays: 4096,
  nameLength: 256,
  dimensions: 8,
  /** Elements in one array: 2 GiB as float32. */
  elements: 2 ** 29,
  /** Elements in all arrays of a file: several views may share one storage. */
  allElements: 2 ** 30,
} as const;

/**
 * Computes the number of elements of a shape.
 * @throws UnrollError invalid_weights when it is not a shape, or too large
 */
export function countElements(shape: readonly unknown[], where: string): number {
  if (shape.length > arrayLimits.dimensions)
    invalidWeights(`${where}: ${shape.length} dimensions, the limit is ${arrayLimits.dimensions}`);
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || (size as number) < 0)
      invalidWeights(`${where}: a dimension of ${quote(size)}, must be a whole number from 0`);
    count *= size as number;
  }
  // the product of very large sizes may be ∞ or, times 0, NaN: the negated comparison refuses both
  if (!(count <= arrayLimits.elements))
    invalidWeights(
      `${where}: a shape of [${shape.join(', ')}] has more than ${arrayLimits.elements} elements`,
    );
  return count;
}

/** Creates a collector of a file's arrays that enforces the limits. */
export function createArrayCollector<T extends Tensor = Tensor>(): {
  /**
   * Counts the elements of an array before it is allocated.
   * @throws UnrollError invalid_weights above the limit
   */
  reserve(elements: number): void;
  add(name: string, array: T): void;
  readonly arrays: ReadonlyMap<string, T>;
} {
  const arrays = new Map<string, T>();
  let elements = 0;
  return {
    reserve(added) {
      elements += added;
      if (elements > arrayLimits.allElements)
        invalidWeights(`its arrays have more than ${arrayLimits.allElements} elements in total`);
    },
    add(name, array) {
      if (name.length > arrayLimits.nameLength)
        invalidWeights(
          `the name ${quote(name)} has ${name.length} characters, the limit is ${arrayLimits.nameLength}`,
        );
      if (arrays.has(name)) invalidWeights(`the name ${quote(name)} appears twice`);
      if (arrays.size >= arrayLimits.arrays) invalidWeights(`more than ${arrayLimits.arrays} arrays`);
      arrays.set(name, array);
    },
    arrays,
  };
}
