import { cellOfOperator } from '../../cells/registry.ts';
import { getBodies } from '../../operators/get-bodies.ts';
import type { Operand } from '../../operators/operand.ts';
import type { SignatureTensor, SignedGraph } from '../../operators/signature.ts';
import type { BodySpec, OperatorSpec } from '../../operators/spec.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import type { GraphSettings } from '../onnx/graph-settings.ts';
import { onnxToNetwork } from '../onnx/onnx-to-network.ts';
import type { Attribute, OnnxGraph, OnnxModel, OnnxNode, OnnxValue } from '../onnx/read-onnx.ts';
import type { OnnxTensor } from '../onnx/read-tensor.ts';
import type { Archive } from './archive.ts';
import { torchscriptToGraph } from './torchscript-to-graph.ts';

// A TorchScript archive becomes an operator graph, which is converted as one of ONNX. What the conversion would
// infer from names and shapes is required to follow from the code, or to be set in model.json.

/** The opset of the operators that the code is converted to. */
const opset = 21;

/**
 * Converts an archive's network.
 * @param settings from model.json
 * @throws UnrollError invalid_model with the place in the code, or what model.json must set
 */
export function torchscriptToNetwork(archive: Archive, settings?: GraphSettings): ImportedNetwork {
  const { set = {}, shapes = {} } = settings ?? {};
  const graph = torchscriptToGraph(archive, { set, shapes });
  checkRoles(graph, settings);
  if (!settings) return onnxToNetwork(toOnnxModel(graph));
  // what is set is a constant of the graph already
  const open = Object.entries(shapes).filter(([name]) => !Object.hasOwn(set, name));
  return onnxToNetwork(toOnnxModel(graph), { ...settings, set: {}, shapes: Object.fromEntries(open) });
}

/**
 * Requires that the graph or model.json tells which input is the sequence, which axis its steps are along, and
 * which output is served.
 */
function checkRoles(graph: SignedGraph, settings: GraphSettings | undefined): void {
  const { inputs, outputs } = graph.signature;
  const { states = {}, shapes = {}, output } = settings ?? {};
  const list = (tensors: readonly SignatureTensor[]): string =>
    tensors.map(({ name }) => quote(name)).join(', ');
  const sequences = inputs.filter(
    ({ name, value }) => !Object.hasOwn(states, name) && !readsOf(graph, value).every((place) => place === 4),
  );
  const [sequence] = sequences;
  if (!sequence || sequences.length > 1)
    return invalidModel(
      `forward has ${sequences.length} inputs besides states (${list(sequences)}): in model.json, graph.set sets one to numbers, graph.states gives the output with the next value of a state`,
    );
  const answers = outputs.filter(({ name }) => !Object.values(states).includes(name));
  if (answers.length > 1 && output === undefined)
    invalidModel(
      `forward has ${answers.length} outputs besides states (${list(answers)}): in model.json, graph.output gives the one that is served`,
    );
  if (!sequence.shape?.includes('time') && !Object.hasOwn(shapes, sequence.name))
    invalidModel(
      `no recurrent module shows which axis of ${quote(sequence.name)} is that of the steps: in model.json, graph.shapes gives its shape with −1 there`,
    );
}

/** The places at which recurrent operators read a value; −1 for every other reader. */
function readsOf({ operators }: SignedGraph, value: string): number[] {
  return operators.flatMap((operator) => [
    ...operator.inputs.flatMap((name, i) =>
      name === value ? [cellOfOperator(operator.operator) ? i : -1] : [],
    ),
    ...getBodies(operator).flatMap((body) =>
      body.operators.some((one) => one.inputs.includes(value)) ? [-1] : [],
    ),
  ]);
}

const dataTypes = { FP32: 1, INT64: 7, BOOL: 9 } as const;

/** The graph as an ONNX model, with the signature's names. */
function toOnnxModel({ signature, operators, constants }: SignedGraph): OnnxModel {
  const names = new Map(signature.inputs.map(({ value, name }) => [value, name]));
  const nodes = operators.map((operator) => toNode(operator, names));
  const outputs = signature.outputs.map((output) => {
    // one value may be several outputs, or an input
    const name = signature.inputs.some((input) => input.name === output.name)
      ? `${output.name}_out`
      : output.name;
    nodes.push(toNode({ operator: 'Identity', inputs: [output.value], outputs: [name] }, names));
    return toValue({ ...output, name });
  });
  return {
    producer: 'TorchScript',
    functions: new Map(),
    opset,
    nodes,
    inputs: signature.inputs.map(toValue),
    outputs,
    initializers: new Map([...constants].map(([name, operand]) => [name, toTensor(operand)])),
  };
}

function toValue({ name, datatype, shape }: SignatureTensor): OnnxValue {
  const sizes =
    shape ?? invalidModel(`nothing reads the input ${quote(name)}: in model.json, graph.set sets it`);
  return {
    name,
    shape: sizes.map((size) => (typeof size === 'number' ? size : null)),
    sizes: sizes.map((size) => (typeof size === 'string' ? size : '')),
    type: dataTypes[datatype as keyof typeof dataTypes],
    ranked: true,
  };
}

const toTensor = ({ kind, shape, values }: Operand): OnnxTensor =>
  values instanceof Float32Array
    ? { kind, shape, values }
    : { kind, shape, values: Float32Array.from(values), whole: values };

function toNode(
  { operator, inputs, outputs, attributes = {}, bodies }: OperatorSpec,
  names: ReadonlyMap<string, string>,
): OnnxNode {
  const body = bodies?.body;
  return {
    op: operator,
    name: '',
    domain: '',
    overload: '',
    inputs: inputs.map((name) => names.get(name) ?? name),
    outputs,
    attributes: new Map([
      ...Object.entries(attributes).map(([name, value]) => [name, toAttribute(value)] as const),
      ...(body ? [['body', { ...noLists, graph: toBody(body, names) }] as const] : []),
    ]),
  };
}

const noLists = { floats: [], ints: [], strings: [] } as const;

function toAttribute(value: NonNullable<OperatorSpec['attributes']>[string]): Attribute {
  if (typeof value === 'string') return { ...noLists, s: value };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { ...noLists, i: value } : { ...noLists, f: value };
  return value.every((one) => typeof one === 'string')
    ? { ...noLists, strings: value }
    : { ...noLists, ints: value };
}

function toBody({ inputs, outputs, operators }: BodySpec, names: ReadonlyMap<string, string>): OnnxGraph {
  const value = (name: string): OnnxValue => ({ name, shape: [], sizes: [], type: 0, ranked: false });
  return {
    nodes: operators.map((one) => toNode(one, names)),
    initializers: new Map(),
    inputs: inputs.map(value),
    outputs: outputs.map(value),
  };
}
