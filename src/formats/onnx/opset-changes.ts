import { invalidModel, quote } from '../format-errors.ts';
import { toAttributes } from './attributes.ts';
import type { OnnxNode } from './read-onnx.ts';
import type { OnnxTensor } from './read-tensor.ts';

// What changed between opsets: attributes of older ones that are inputs in the newest, and operators whose
// meaning changed. Those that are not here mean the same in every opset that is read.

export interface Upgraded {
  readonly attributes: Record<string, number | string | number[] | string[]>;
  /** Inputs that are attributes in older opsets. */
  readonly inputs: readonly (readonly [place: number, tensor: OnnxTensor])[];
}

const integerList = (list: readonly number[]): OnnxTensor => ({
  kind: 'int',
  shape: [list.length],
  values: Float32Array.from(list),
  whole: Float64Array.from(list),
});
const single = ([value = 0]: readonly number[]): OnnxTensor => ({
  kind: 'float',
  shape: [],
  values: Float32Array.of(value),
});

/** Attributes that became inputs: name, place and form. */
const moved: Readonly<
  Record<string, readonly (readonly [string, number, (list: readonly number[]) => OnnxTensor])[]>
> = {
  Slice: [
    ['starts', 1, integerList],
    ['ends', 2, integerList],
    ['axes', 3, integerList],
  ],
  Split: [['split', 1, integerList]],
  TopK: [['k', 1, integerList]],
  Pad: [
    ['pads', 1, integerList],
    ['value', 2, single],
  ],
  Clip: [
    ['min', 1, single],
    ['max', 2, single],
  ],
};

/**
 * The attributes and further inputs of a node as its operator has them in the newest opset.
 * @throws UnrollError invalid_model where the meaning of then cannot be expressed
 */
export function upgradeNode(node: OnnxNode, opset: number): Upgraded {
  const { attributes: given, op } = node;
  const attributes: Upgraded['attributes'] = toAttributes(node);
  const inputs: [number, OnnxTensor][] = [];
  const refuse = (detail: string): never =>
    invalidModel(`${op} ${quote(node.name || node.outputs[0])} ${detail}`);
  for (const [name, place, toTensor] of moved[op] ?? []) {
    const one = given.get(name);
    if (!one) continue;
    delete attributes[name];
    inputs.push([place, toTensor(one.ints.length > 0 ? one.ints : [one.f ?? one.i ?? 0])]);
  }
  switch (op) {
    case 'Softmax':
    case 'LogSoftmax':
      if (opset < 13) Object.assign(attributes, { axis: attributes['axis'] ?? 1, flat: 1 });
      break;
    case 'ConstantOfShape': {
      const t = given.get('value')?.t;
      attributes['value'] = (t?.whole ?? t?.values)?.[0] ?? 0;
      attributes['kind'] = t?.kind ?? 'float';
      break;
    }
    case 'Dropout':
      if (opset < 10 && node.outputs[1]) refuse('has a mask output of opset 9 or before');
      break;
    case 'BatchNormalization':
      if (attributes['spatial'] === 0) refuse('is not spatial');
      if (attributes['training_mode'] === 1 || node.outputs.slice(1).some((name) => name !== ''))
        refuse('is in training mode');
      break;
    case 'MaxPool':
      if (node.outputs[1]) refuse('has an output of indices');
      break;
    case 'Scan':
      if (opset < 9) refuse(`has opset ${opset}, must be at least 9`);
  }
  return { attributes, inputs };
}
