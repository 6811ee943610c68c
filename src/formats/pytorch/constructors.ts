import { invalidWeights, quote } from '../format-errors.ts';
import { isKind, type ScriptObject, type TensorRef, type PickleValue } from './pickle-values.ts';

// The classes and functions that a pickle of weights may reference, and what calling them returns. All others
// are refused.

const isCount = (value: PickleValue | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
const isCounts = (value: PickleValue | undefined): value is number[] =>
  Array.isArray(value) && value.every(isCount);

/** (storage, offset, sizes, strides, …) */
function buildTensor([storage, offset, shape, strides]: readonly PickleValue[]): TensorRef {
  if (!isKind(storage, 'storage') || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
    return invalidWeights('a tensor without a storage, an offset, sizes and strides');
  if (shape.length !== strides.length)
    invalidWeights(`a tensor has ${shape.length} sizes and ${strides.length} strides`);
  return { kind: 'tensor', storage, offset, shape, strides };
}

const firstArgument = ([value]: readonly PickleValue[]): PickleValue => value ?? null;
const listArgument = (args: readonly PickleValue[]): PickleValue => (Array.isArray(args[0]) ? args[0] : []);

const constructors: Readonly<Record<string, (args: readonly PickleValue[]) => PickleValue>> = {
  'collections.OrderedDict': () => new Map(),
  'torch._utils._rebuild_tensor': buildTensor,
  'torch._utils._rebuild_tensor_v2': buildTensor,
  'torch._utils._rebuild_parameter': firstArgument,
  'torch.nn.parameter.Parameter': firstArgument,
  'torch.Size': listArgument,
  'torch.device': firstArgument,
  // (value, type): the element type of a list or dictionary in TorchScript
  'torch.jit._pickle.restore_type_tag': firstArgument,
  'torch.jit._pickle.build_intlist': listArgument,
  'torch.jit._pickle.build_tensorlist': listArgument,
  'torch.jit._pickle.build_doublelist': listArgument,
  'torch.jit._pickle.build_boollist': listArgument,
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
/** Number types and layouts, which are attributes of modules. */
const constants =
  /^torch\.(float16|float32|float64|bfloat16|half|float|double|int8|int16|int32|int64|uint8|long|int|bool|strided)$/;

/** Checks that a name is allowed in a pickle. @throws UnrollError invalid_weights when it is not */
export function checkGlobal(name: string): void {
  if (
    Object.hasOwn(constructors, name) ||
    storages.has(name) ||
    scriptClass.test(name) ||
    constants.test(name)
  )
    return;
  invalidWeights(
    `the pickle refers to ${quote(name)}, which is neither a tensor nor a plain container: code in pickles is never run; ` +
      'save model.state_dict() rather than the model',
  );
}

/**
 * Returns the result of calling an allowed name.
 * @throws UnrollError invalid_weights when it cannot be called
 */
export function construct(name: string, args: readonly PickleValue[]): PickleValue {
  if (Object.hasOwn(constructors, name)) return constructors[name]!(args);
  if (scriptClass.test(name)) return { kind: 'object', name, attributes: new Map() } satisfies ScriptObject;
  return invalidWeights(`the pickle calls ${quote(name)}`);
}
