import {
  createArrayCollector,
  countElements,
  describeType,
  unreadableArray,
  type Arrays,
  type FileArray,
} from '../arrays.ts';
import { numberTypes, type NumberType } from '../number-types.ts';
import { storageTypes } from './constructors.ts';
import {
  isKind,
  type GlobalRef,
  type StorageRef,
  type TensorRef,
  type PickleValue,
} from './pickle-values.ts';
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
/** Nesting of containers, which may contain themselves. */
const maxDepth = 32;
const maxContainers = 100_000;
/** Elements in views per stored element: a stride of 0 repeats an element any number of times. */
const maxViewRatio = 16;
/** Elements in views up to which the ratio is not checked. */
const smallViewElements = 4 * 1024 * 1024;

/**
 * Parses a persistent id, ('storage', class, key, location, elements[, …]). Before torch 1.6 the class of a
 * module has one, too, ('module', class, file, source): its source is dropped.
 * @throws UnrollError invalid_weights
 */
export function parsePersistent(id: PickleValue): StorageRef | GlobalRef {
  if (!Array.isArray(id)) return invalidWeights('a persistent id is not a storage');
  const [kind, type, key, , elements] = id;
  if (kind === 'module' && isKind(type, 'global')) return type;
  if (
    kind !== 'storage' ||
    !isKind(type, 'global') ||
    typeof key !== 'string' ||
    typeof elements !== 'number'
  )
    return invalidWeights('a persistent id is not a storage');
  if (!Number.isSafeInteger(elements) || elements < 0) invalidWeights(`a storage of ${elements} elements`);
  return { kind: 'storage', type: type.name.replace(/^torch\./, ''), key, elements };
}

const getNumberType = ({ type }: StorageRef): NumberType =>
  Object.hasOwn(types, type) ? types[type as keyof typeof types] : invalidWeights(unreadType({ type }));
const isInteger = ({ type }: StorageRef): boolean =>
  Object.hasOwn(types, type) && numberTypes[types[type as keyof typeof types]].exact !== undefined;
const unreadType = ({ type }: Pick<StorageRef, 'type'>): string =>
  `a storage of type ${quote(type)}, must be one of ${storageTypes.join(', ')}`;
export const getElementBytes = (storage: StorageRef): number => numberTypes[getNumberType(storage)].bytes;

/** Keys under which checkpoints store the weights among other things. */
const weightKeys = ['state_dict', 'model_state_dict', 'model'];

/** Functions that make a tensor or an array of what is not read: quantised, sparse, NumPy's. */
const madeTensor = /^torch\._|^numpy\.[\w.]*_reconstruct$/;

/**
 * Reads every tensor in an unpickled value. A tensor's name is its path of keys and attributes, joined by
 * dots, without the key of the weights in a checkpoint. What an optimiser, a loop or a callback keeps is not read.
 * @param getBytes returns the bytes of a storage
 * @throws UnrollError invalid_weights
 */
export function readTensors(value: PickleValue, getBytes: (storage: StorageRef) => Uint8Array): Arrays {
  const found = createArrayCollector<FileArray>();
  const read = createTensorReader(getBytes);
  const opaque = new Set<string>();
  const readArray = (ref: TensorRef, name: string): FileArray => {
    if (!Object.hasOwn(types, ref.storage.type)) return unreadableArray(ref.shape, unreadType(ref.storage));
    const { type, shape, values } = read(ref, name);
    return { shape, values: toFloat32(values), ...describeType(type) };
  };
  let containers = 0;
  let tensors = 0;
  const walk = (one: PickleValue, path: readonly string[]): void => {
    const name = path.join('.');
    if (isKind(one, 'tensor')) {
      tensors++;
      found.reserve(countElements(one.shape, name));
      found.add(name, readArray(one, name));
      return;
    }
    if (isKind(one, 'opaque')) {
      opaque.add(one.name);
      if (one.isModule || madeTensor.test(one.name))
        found.add(name, unreadableArray([], `${name} is a ${one.name}, which is not read`));
      return;
    }
    if (isOptimiser(one)) return;
    if (path.length > maxDepth) invalidWeights(`containers are nested more than ${maxDepth} deep`);
    if (++containers > maxContainers) invalidWeights(`more than ${maxContainers} containers`);
    for (const [key, item] of listEntries(one))
      if (typeof item === 'object' && item !== null && (typeof key === 'string' || typeof key === 'number'))
        walk(item, [...path, String(key)]);
  };
  walk(openCheckpoint(value), []);
  if (tensors === 0 && opaque.size > 0)
    invalidWeights(
      `the file has no tensors but in ${[...opaque].slice(0, 5).map(quote).join(', ')}, whose code is not in it: ` +
        'save model.state_dict() rather than the model',
    );
  return removePrefix(found.arrays);
}

function listEntries(value: PickleValue): Iterable<readonly [PickleValue, PickleValue]> {
  if (value instanceof Map) return value;
  if (Array.isArray(value)) return value.map((item, i) => [String(i), item] as const);
  return isKind(value, 'object') && value.attributes instanceof Map
    ? // a module's lists (_flat_weights) repeat its parameters
      [...value.attributes].filter(([, item]) => !Array.isArray(item))
    : [];
}

const isOptimiser = (value: PickleValue): boolean =>
  value instanceof Map && value.has('param_groups') && value.has('state');

/**
 * Leaves of a checkpoint what has weights: of Lightning's the state dict alone, of any other one everything
 * beside its weights, too, since more weights may be there: another network's, or averages of the same.
 * Single numbers beside them are counters and losses, and NumPy's arrays their history.
 */
function openCheckpoint(value: PickleValue): PickleValue {
  if (!(value instanceof Map)) return value;
  const key = weightKeys.find((one) => value.get(one) instanceof Map);
  if (key === undefined) return value;
  if (value.has('pytorch-lightning_version')) return value.get(key)!;
  const others = [...value].filter(([other, item]) => other !== key && hasWeights(item, new Set()));
  return new Map([...others, ...(value.get(key) as Map<PickleValue, PickleValue>)]);
}

/** Whether a value has a tensor of several fractions, or a module: a random state is of integers. @param seen the containers that were looked into */
function hasWeights(value: PickleValue, seen: Set<PickleValue>): boolean {
  if (isKind(value, 'tensor')) return value.shape.length > 0 && !isInteger(value.storage);
  if (isKind(value, 'opaque')) return value.isModule === true;
  if (seen.has(value) || seen.size > maxContainers) return seen.size > maxContainers;
  if (typeof value === 'object' && value !== null) seen.add(value);
  for (const [, item] of listEntries(value)) if (hasWeights(item, seen)) return true;
  return false;
}

/** Removes the prefix `module.` that DataParallel puts before every name. */
function removePrefix(arrays: Arrays): Arrays {
  const prefix = 'module.';
  if (arrays.size === 0 || ![...arrays.keys()].every((name) => name.startsWith(prefix))) return arrays;
  return new Map([...arrays].map(([name, array]) => [name.slice(prefix.length), array]));
}

const toFloat32 = (values: StoredValues): Float32Array =>
  values instanceof Float32Array ? values : Float32Array.from(values);

/** Floats are float32, integers and booleans exact. */
type StoredValues = Float32Array | Float64Array;
export interface StoredTensor {
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly values: StoredValues;
}
/** Reads the tensor of a reference. @param name for errors @throws UnrollError invalid_weights */
export type TensorReader = (ref: TensorRef, name: string) => StoredTensor;

/** Creates a reader that copies a strided view to a contiguous tensor. Each storage is converted once. */
export function createTensorReader(getBytes: (storage: StorageRef) => Uint8Array): TensorReader {
  const converted = new Map<string, StoredValues>();
  let stored = 0;
  let viewed = 0;
  const readStorage = (storage: StorageRef, name: string): StoredValues => {
    const known = converted.get(storage.key);
    if (known) return known;
    const type = numberTypes[getNumberType(storage)];
    const bytes = getBytes(storage);
    if (bytes.length < storage.elements * type.bytes)
      invalidWeights(
        `${name}: its storage has ${bytes.length} bytes, ${storage.elements} elements take ${storage.elements * type.bytes}`,
      );
    const data = bytes.subarray(0, storage.elements * type.bytes);
    const values = type.exact?.(data) ?? type.read(data);
    converted.set(storage.key, values);
    stored += values.length;
    return values;
  };
  return ({ storage, offset, shape, strides }, name) => {
    const values = readStorage(storage, name);
    const count = countElements(shape, name);
    const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
    if (count > 0 && !(last < values.length))
      invalidWeights(`${name}: reaches element ${last} of a storage of ${values.length}`);
    viewed += count;
    if (viewed > smallViewElements && viewed > stored * maxViewRatio)
      invalidWeights(
        `${name}: the views have ${viewed} elements, the storages ${stored}: the limit is ${maxViewRatio} to 1`,
      );
    const gathered = values instanceof Float32Array ? new Float32Array(count) : new Float64Array(count);
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
    return { type: getNumberType(storage), shape: [...shape], values: gathered };
  };
}
