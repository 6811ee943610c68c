import type { Tensor } from '../../network/weights.ts';
import { createArrayCollector, countElements, type Arrays } from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import { storageTypes } from './constructors.ts';
import { isKind, type StorageRef, type TensorRef, type PickleValue } from './pickle-values.ts';
import { invalidWeights, quote } from '../format-errors.ts';

const types: Readonly<Record<(typeof storageTypes)[number], NumberType>> = {
  FloatStorage: 'float32',
  DoubleStorage: 'float64',
  HalfStorage: 'float16',
  BFloat16Storage: 'bfloat16',
  LongStorage: 'int64',
  IntStorage: 'int32',
  ShortStorage: 'int16',
  CharStorage: 'int8',
  ByteStorage: 'uint8',
  BoolStorage: 'bool',
};
/** Containers in containers, which may hold themselves. */
const deepest = 32;
const mostContainers = 100_000;
/** Numbers that views may show of each that is stored: a stride of 0 shows one any number of times. */
const mostViews = 16;
/** Below this they may show as many as they say. */
const smallViews = 4 * 1024 * 1024;

/** ('storage', class, key, location, elements[, …]) @throws UnrollError invalid_weights */
export function parseStorage(id: PickleValue): StorageRef {
  if (!Array.isArray(id)) return invalidWeights('a persistent id is no storage');
  const [kind, type, key, , elements] = id;
  if (
    kind !== 'storage' ||
    !isKind(type, 'global') ||
    typeof key !== 'string' ||
    typeof elements !== 'number'
  )
    return invalidWeights('a persistent id is no storage');
  if (!Number.isSafeInteger(elements) || elements < 0) invalidWeights(`a storage of ${elements} elements`);
  return { kind: 'storage', type: type.name.replace(/^torch\./, ''), key, elements };
}

const typeOf = ({ type }: StorageRef): NumberType =>
  Object.hasOwn(types, type)
    ? types[type as keyof typeof types]
    : invalidWeights(`a storage of ${quote(type)}, must be one of ${storageTypes.join(', ')}`);
export const getElementBytes = (storage: StorageRef): number => numberTypes[typeOf(storage)].bytes;

/** Where checkpoints keep the weights beside other things. */
const weightKeys = ['state_dict', 'model_state_dict', 'model'];

/**
 * Every tensor in a pickled value, by its path of keys and attributes.
 * @param bytesOf the bytes of a storage
 * @throws UnrollError invalid_weights
 */
export function readTensors(value: PickleValue, bytesOf: (storage: StorageRef) => Uint8Array): Arrays {
  const inner =
    value instanceof Map
      ? weightKeys.map((key) => value.get(key)).find((one) => one instanceof Map)
      : undefined;
  const found = createArrayCollector();
  const read = createReader(bytesOf);
  let containers = 0;
  const walk = (one: PickleValue, path: readonly string[]): void => {
    if (isKind(one, 'tensor')) {
      found.reserve(countElements(one.shape, path.join('.')));
      found.add(path.join('.'), read(one, path.join('.')));
      return;
    }
    const entries: Iterable<readonly [PickleValue, PickleValue]> =
      one instanceof Map
        ? one
        : Array.isArray(one)
          ? one.map((item, i) => [String(i), item] as const)
          : isKind(one, 'object') && one.attributes instanceof Map
            ? // lists of a module (_flat_weights) hold its parameters a second time
              [...one.attributes].filter(([, item]) => !Array.isArray(item))
            : [];
    if (path.length > deepest) invalidWeights(`containers are nested more than ${deepest} deep`);
    if (++containers > mostContainers) invalidWeights(`more than ${mostContainers} containers`);
    for (const [key, item] of entries)
      if (typeof item === 'object' && item !== null && (typeof key === 'string' || typeof key === 'number'))
        walk(item, [...path, String(key)]);
  };
  walk(inner ?? value, []);
  return withoutPrefix(found.arrays);
}

/** DataParallel puts `module.` before every name. */
function withoutPrefix(arrays: Arrays): Arrays {
  const prefix = 'module.';
  if (arrays.size === 0 || ![...arrays.keys()].every((name) => name.startsWith(prefix))) return arrays;
  return new Map([...arrays].map(([name, array]) => [name.slice(prefix.length), array]));
}

/** A view with offset and strides becomes an array of its own; storages are widened once. */
function createReader(
  bytesOf: (storage: StorageRef) => Uint8Array,
): (ref: TensorRef, name: string) => Tensor {
  const widened = new Map<string, Float32Array>();
  let stored = 0;
  let seen = 0;
  const storageValues = (storage: StorageRef, name: string): Float32Array => {
    const known = widened.get(storage.key);
    if (known) return known;
    const type = numberTypes[typeOf(storage)];
    const bytes = bytesOf(storage);
    if (bytes.length < storage.elements * type.bytes)
      invalidWeights(
        `${name}: its storage has ${bytes.length} bytes, ${storage.elements} elements take ${storage.elements * type.bytes}`,
      );
    const values = type.read(bytes.subarray(0, storage.elements * type.bytes));
    widened.set(storage.key, values);
    stored += values.length;
    return values;
  };
  return ({ storage, offset, shape, strides }, name) => {
    const values = storageValues(storage, name);
    const count = countElements(shape, name);
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
    if (count > 0 && !(last < values.length))
      invalidWeights(`${name}: reaches element ${last} of a storage of ${values.length}`);
    seen += count;
    if (seen > smallViews && seen > stored * mostViews)
      invalidWeights(`${name}: ${seen} numbers are shown of ${stored}, the limit is ${mostViews} to 1`);
    const gathered = new Float32Array(count);
    const index = shape.map(() => 0);
    let from = offset;
    for (let i = 0; i < count; i++) {
      gathered[i] = values[from]!;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        index[axis] = index[axis]! + 1;
        from += strides[axis]!;
        if (index[axis]! < shape[axis]!) break;
        from -= index[axis]! * strides[axis]!;
        index[axis] = 0;
      }
    }
    return { shape: [...shape], values: gathered };
  };
}
