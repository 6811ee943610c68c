import { asConfig } from './keras-config.ts';

const maxDepth = 8;

/** What a structure of lists and dicts has at its ends. */
interface Leaf {
  readonly value: unknown;
  /** Its keys and places, joined; absent where it is in lists alone. */
  readonly key?: string;
}

/** Lists the leaves of nested lists and dicts in Keras' order: a dict's by its sorted keys. */
export function flattenStructure(
  value: unknown,
  isLeaf: (value: unknown) => boolean,
  path: readonly (string | number)[] = [],
): Leaf[] {
  if (isLeaf(value))
    return [{ value, ...(path.some((one) => typeof one === 'string') && { key: path.join('_') }) }];
  if (path.length > maxDepth) return [];
  const entries: (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(asConfig(value)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.flatMap(([key, one]) => flattenStructure(one, isLeaf, [...path, key]));
}
