import { operatorNames } from '../../operators/operator-table.ts';
import type { Operand } from '../../operators/operand.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { toAttributes } from './attributes.ts';
import { collectLists, listOperators } from './collected-lists.ts';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor } from './read-onnx.ts';

// Converts a graph of any opset to operators of the newest opset with names that are unique across nested
// graphs. Attributes of older opsets become inputs, and Constant nodes become constants of the graph.

export interface OperatorGraph extends BodySpec {
  readonly constants: Map<string, Operand>;
  /** The new names of the graph's values by their names in the file. */
  readonly named: ReadonlyMap<string, string>;
}

type Names = ReadonlyMap<string, string>;

/**
 * Converts a model's graph.
 * @throws UnrollError invalid_model with every unsupported operator and where it is
 */
export function upgradeOperators(model: OnnxModel): OperatorGraph {
  const missing = new Map<string, string[]>();
  const constants = new Map<string, Operand>();
  const usedNames = new Set<string>(['']);
  const { opset } = model;

  const unique = (name: string): string => {
    const clean = name.replaceAll(/[^\w.:/-]+/g, '_').slice(-64);
    let own = clean === '' ? 'value' : clean;
    for (let i = 2; usedNames.has(own); i++) own = `${clean}~${i}`;
    usedNames.add(own);
    return own;
  };
  const constant = (name: string, tensor: OnnxTensor): string => {
    const own = unique(name);
    constants.set(own, toOperand(tensor));
    return own;
  };

  const convert = (graph: OnnxGraph, around: Names): BodySpec & { named: Names } => {
    const names = new Map(around);
    const bind = (name: string): string => {
      const own = name === '' ? '' : unique(name);
      names.set(name, own);
      return own;
    };
    for (const [name, tensor] of graph.initializers) names.set(name, constant(name, tensor));
    const inputs = graph.inputs.map(({ name }) => bind(name));
    const operators: OperatorSpec[] = [];
    for (const node of graph.nodes) {
      if (!node.outputs.some((name) => name !== ''))
        invalidModel(`${node.op} ${quote(node.name)} has no outputs`);
      if (node.op === 'Constant') {
        names.set(node.outputs[0]!, constant(node.outputs[0]!, readConstant(node)));
        continue;
      }
      const known =
        (node.domain === '' || node.domain === 'ai.onnx') &&
        (operatorNames.has(node.op) || listOperators.has(node.op));
      if (!known) {
        const op = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
        missing.set(op, [...(missing.get(op) ?? []), node.name || node.outputs[0] || '']);
      }
      const read = node.inputs.map(
        (name) => names.get(name) ?? (name === '' ? '' : throwUnresolved(node, name)),
      );
      const upgraded = known ? upgrade(node, opset) : { attributes: {}, inputs: [] };
      for (const [place, tensor] of upgraded.inputs) {
        while (read.length <= place) read.push('');
        read[place] = constant(`${node.outputs[0]!}.${place}`, tensor);
      }
      const bodies = Object.fromEntries(
        [...node.attributes].flatMap(([name, { graph: inner }]) =>
          inner ? [[name, bodyOnly(convert(inner, names))]] : [],
        ),
      );
      operators.push({
        operator: node.op,
        inputs: read,
        outputs: node.outputs.map(bind),
        ...(Object.keys(upgraded.attributes).length > 0 && { attributes: upgraded.attributes }),
        ...(Object.keys(bodies).length > 0 && { bodies }),
      });
    }
    const outputs = graph.outputs.map(
      ({ name }) => names.get(name) ?? invalidModel(`the output ${quote(name)} is computed by no operator`),
    );
    return { inputs, operators, outputs, named: names };
  };

  const whole = convert(model, new Map());
  if (missing.size > 0) {
    const list = [...missing].map(
      ([op, at]) => `${op} (${at.length === 1 ? '' : `${at.length}×, first `}${quote(at[0])})`,
    );
    invalidModel(`${missing.size} operators are not supported: ${list.slice(0, 20).join(', ')}`);
  }
  return { ...collectLists(whole), named: whole.named, constants };
}

const bodyOnly = ({ inputs, operators, outputs }: BodySpec): BodySpec => ({ inputs, operators, outputs });

function throwUnresolved(node: OnnxNode, name: string): never {
  return invalidModel(
    `${node.op} ${quote(node.name || node.outputs[0])} reads ${quote(name)}, which is not defined before it`,
  );
}

function toOperand({ kind, shape, values, whole }: OnnxTensor): Operand {
  return {
    kind,
    shape,
    values: kind === 'float' ? values : (whole ?? Float64Array.from(values)),
    known: true,
  };
}

function readConstant(node: OnnxNode): OnnxTensor {
  const given = (name: string) => node.attributes.get(name);
  const t = given('value')?.t;
  if (t) return t;
  const whole = given('value_int')?.i ?? given('value_ints')?.ints;
  const float = given('value_float')?.f ?? given('value_floats')?.floats;
  const numbers = whole ?? float;
  if (numbers === undefined) return invalidModel(`the constant ${quote(node.outputs[0])} has no value`);
  const list = [numbers].flat();
  const shape = Array.isArray(numbers) ? [list.length] : [];
  const values = Float32Array.from(list);
  return whole === undefined
    ? { kind: 'float', shape, values }
    : { kind: 'int', shape, values, whole: Float64Array.from(list) };
}

interface Upgraded {
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
const number = (value: number): OnnxTensor => ({ kind: 'float', shape: [], values: Float32Array.of(value) });

function upgrade(node: OnnxNode, opset: number): Upgraded {
  const { attributes: given, op } = node;
  const attributes: Upgraded['attributes'] = toAttributes(node);
  const inputs: [number, OnnxTensor][] = [];
  const toInput = (
    name: string,
    place: number,
    make: (list: readonly number[]) => OnnxTensor = integerList,
  ): void => {
    const one = given.get(name);
    if (!one) return;
    delete attributes[name];
    inputs.push([place, make(one.ints.length > 0 ? one.ints : [one.f ?? one.i ?? 0])]);
  };
  const single = (list: readonly number[]): OnnxTensor => number(list[0]!);

  switch (op) {
    case 'Slice':
      ['starts', 'ends', 'axes'].forEach((name, i) => toInput(name, i + 1));
      break;
    case 'Split':
      toInput('split', 1);
      break;
    case 'Pad':
      toInput('pads', 1);
      toInput('value', 2, single);
      break;
    case 'Clip':
      toInput('min', 1, single);
      toInput('max', 2, single);
      break;
    case 'Softmax':
    case 'LogSoftmax':
      if (opset < 13) Object.assign(attributes, { axis: attributes['axis'] ?? 1, flat: 1 });
      break;
    case 'ConstantOfShape': {
      const t = given.get('value')?.t;
      attributes['value'] = (t?.whole ?? t?.values)?.[0] ?? 0;
      attributes['kind'] = ['float', 'int', 'bool'].indexOf(t?.kind ?? 'float');
      break;
    }
    case 'BatchNormalization':
      if (attributes['training_mode'] === 1)
        invalidModel(`BatchNormalization ${quote(node.name)} is in training mode`);
      break;
    case 'MaxPool':
      if (node.outputs[1]) invalidModel(`MaxPool ${quote(node.name)}: its indices output is not supported`);
      break;
    case 'Scan':
      if (opset < 9) invalidModel(`Scan ${quote(node.name)} has opset ${opset}, must be at least 9`);
  }
  return { attributes, inputs };
}
