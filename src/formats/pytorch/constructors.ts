import { invalidWeights, quote } from '../format-errors.ts';
import { isKind, type ScriptObject, type TensorRef, type PickleValue } from './pickle-values.ts';

// The classes and functions that a pickle of weights may name, and what becomes of them. All others are refused by name.

const isWhole = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isSizes = (value: PickleValue | undefined): value is number[] =>
  Array.isArray(value) && value.every(isWhole);

/** (storage, offset, sizes, strides, …) */
function tensor([storage, offset, shape, strides]: readonly PickleValue[]): TensorRef {
  if (!isKind(storage, 'storage') || !isWhole(offset) || !isSizes(shape) || !isSizes(strides))
    return invalidWeights('a tensor is not made of a storage, an offset, sizes and strides');
  if (shape.length !== strides.length)
    invalidWeights(`a tensor has ${shape.length} sizes and ${strides.length} strides`);
  return { kind: 'tensor', storage, offset, shape, strides };
}

const first = ([value]: readonly PickleValue[]): PickleValue => value ?? null;
const list = (args: readonly PickleValue[]): PickleValue => (Array.isArray(args[0]) ? args[0] : []);

const constructors: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
  'collections.OrderedDict': () => new Map(),
  'torch._utils._rebuild_tensor': tensor,
  'torch._utils._rebuild_tensor_v2': tensor,
  'torch._utils._rebuild_parameter': first,
  'torch.nn.parameter.Parameter': first,
  'torch.Size': list,
  'torch.device': first,
  // (value, type): what TorchScript says of a list's or a dictionary's type
  'torch.jit._pickle.restore_type_tag': first,
  'torch.jit._pickle.build_intlist': list,
  'torch.jit._pickle.build_tensorlist': list,
  'torch.jit._pickle.build_doublelist': list,
  'torch.jit._pickle.build_boollist': list,
};

export const storageTypes = [
  'FloatStorage',
  'DoubleStorage',
  'HalfStorage',
  'BFloat16Storage',
  'LongStorage',
  'IntStorage',
  'ShortStorage',
  'CharStorage',
  'ByteStorage',
  'BoolStorage',
] as const;
const storages: ReadonlySet<string> = new Set(storageTypes.map((type) => `torch.${type}`));
const scriptClass = /^__torch__\.[\w.]+$/;
/** Numbers' types and the like, as attributes of a module. */
const constants =
  /^torch\.(float16|float32|float64|bfloat16|half|float|double|int8|int16|int32|int64|uint8|long|int|bool|strided)$/;

/** @throws UnrollError invalid_weights for a name that no file of weights needs */
export function checkGlobal(name: string): void {
  if (
    Object.hasOwn(constructors, name) ||
    storages.has(name) ||
    scriptClass.test(name) ||
    constants.test(name)
  )
    return;
  invalidWeights(
    `the pickle asks for ${quote(name)}, which is no tensor and no plain container: nothing of it is run; ` +
      'save model.state_dict() rather than the model',
  );
}

/** What a call of a known name gives. */
export function construct(name: string, args: readonly PickleValue[]): PickleValue {
  if (Object.hasOwn(constructors, name)) return constructors[name]!(args);
  if (scriptClass.test(name)) return { kind: 'object', name, attributes: new Map() } satisfies ScriptObject;
  return invalidWeights(`the pickle calls ${quote(name)}`);
}
