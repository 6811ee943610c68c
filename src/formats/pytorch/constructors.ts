import { invalidWeights, quote } from '../format-errors.ts';
import {
  isKind,
  type OpaqueValue,
  type ScriptObject,
  type TensorRef,
  type PickleValue,
} from './pickle-values.ts';

// The classes and functions that a pickle of weights may reference, and what calling them returns. Nothing is
// called: a class that is not here gives an opaque value, and names that run code are refused.

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
  'collections.defaultdict': () => new Map(),
  'torch._utils._rebuild_tensor': buildTensor,
  'torch._utils._rebuild_tensor_v2': buildTensor,
  'torch._utils._rebuild_parameter': firstArgument,
  'torch._utils._rebuild_parameter_with_state': firstArgument,
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
const scriptClass = /^__torch__\.[\w.]+$/;
/**
 * What a pickle has no use for but to run code: a file that names one of these is malicious. It would be as
 * safe to skip them, since nothing is called.
 */
const dangerous =
  /^((os|posix|nt|sys|subprocess|pty|shutil|socket|ctypes|runpy|importlib|imp|pip|webbrowser|timeit|pdb)(\..*)?|(builtins|__builtin__)\.(eval|exec|execfile|compile|open|__import__|breakpoint|globals)|torch\.(load|hub(\..*)?)|operator\.(attrgetter|methodcaller))$/;

/** @throws UnrollError invalid_weights for a name that runs code */
export function checkGlobal(name: string): void {
  if (dangerous.test(name))
    invalidWeights(
      `the pickle refers to ${quote(name)}, which could run code: code in pickles is never run; ` +
        'save model.state_dict() rather than the model',
    );
}

/** Returns the result of calling a name: a tensor or a container, else an opaque value. */
export function construct(name: string, args: readonly PickleValue[]): PickleValue {
  if (Object.hasOwn(constructors, name)) return constructors[name]!(args);
  if (scriptClass.test(name)) return { kind: 'object', name, attributes: new Map() } satisfies ScriptObject;
  return { kind: 'opaque', name } satisfies OpaqueValue;
}
