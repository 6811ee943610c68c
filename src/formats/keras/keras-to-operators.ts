import { UnrollError } from '../../errors.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import {
  summarizeOperators,
  operatorGraphLayerName,
  createOperatorGraphNetwork,
} from '../operators/operator-graph-network.ts';
import { inferOutput } from '../operators/infer-output.ts';
import { toKeras2, isKeras1 } from './keras-1.ts';
import type { KerasLayer, TensorSource } from './keras-layer.ts';
import type { KerasModel } from './keras-model.ts';
import { requireSingleOutput, getInputShape } from './keras-to-layers.ts';
import {
  createGraphBuilder,
  formatShape,
  type GraphBuilder,
  type GraphTensor,
} from './to-operators/graph-builder.ts';
import { emitLayer } from './to-operators/layers.ts';

// Converts a Keras model to one operator graph. Values between layers are [1, steps, width] or [1, width]: a
// batch of one.

const inputValue = 'input';

/**
 * Converts a model to an operator graph.
 * @param reason why it was not converted to layers
 * @throws UnrollError invalid_model with every layer that cannot be converted, and why
 */
export function kerasToOperators(model: KerasModel, reason: string): ImportedNetwork {
  const graph = createGraphBuilder(model.version);
  const { outputs, input } = emitLayers(model, graph);
  if (input.vocabulary !== undefined) requireLookUps(graph);
  const output = getOutput(outputs, requireSingleOutput(model.outputs));
  const draft: ProgramSpec = {
    type: 'program',
    name: operatorGraphLayerName,
    inputs: ['input'],
    ...describeInput(input, output),
    output: { value: output.value, gives: 'step' },
    units: 1,
    states: [],
    wholeConstants: Object.fromEntries(graph.whole),
    constants: Object.fromEntries([...graph.floats].map(([name, tensor]) => [name, [...tensor.shape]])),
    operators: [...graph.operators],
  };
  try {
    const layer = inferOutput(draft, graph.floats);
    const network = createOperatorGraphNetwork(layer, graph.floats, [
      `written by Keras ${model.version}`,
      `runs as ${layer.operators.length} operators, ${layer.runs === 'step' ? 'once per step' : 'once per sequence'}: ${summarizeOperators(layer)}`,
      ...graph.notes,
      `not converted to layers: ${reason}`,
    ]);
    requireRows(network, output);
    return network;
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return invalidModel(`as operators: ${error.message}; as layers: ${reason}`);
  }
}

/** The model's input: rows of numbers, or ids. */
interface ModelInput {
  readonly tensor: GraphTensor;
  readonly vocabulary: number | undefined;
}

function emitLayers(
  { layers, version }: KerasModel,
  graph: GraphBuilder,
): { outputs: ReadonlyMap<string, readonly GraphTensor[]>; input: ModelInput } {
  const outputs = new Map<string, readonly GraphTensor[]>();
  const missing: string[] = [];
  let read: GraphTensor | null = null;
  let vocabulary: number | undefined;
  for (const layer of layers) {
    const isFirst = !read && layer.inputs.length === 0;
    if (layer.className === 'InputLayer' || isFirst) {
      if (read) invalidModel(`${quote(layer.name)} is a second input, only one is supported`);
      read = { value: inputValue, shape: inputShape(layer), isInput: true };
      if (layer.className === 'InputLayer') {
        outputs.set(layer.name, [read]);
        continue;
      }
    }
    const reads = isFirst ? [read] : layer.inputs.map((one) => getTensor(outputs, one));
    if (reads.length === 0 || reads.some((one) => !one)) {
      missing.push(`${quote(layer.name)} (${layer.className}) has an input that was not converted`);
      continue;
    }
    try {
      if (layer.inputs.some(({ argument }) => argument === 'mask'))
        invalidModel('uses a mask, which is not supported');
      const upgraded = isKeras1(version) ? toKeras2(layer) : layer;
      const tensors = emitLayer(upgraded, reads as GraphTensor[], graph);
      if (layer.className === 'Embedding')
        vocabulary = Math.min(vocabulary ?? Infinity, upgraded.weights[0]!.shape[0]!);
      outputs.set(layer.name, tensors);
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      missing.push(`${quote(layer.name)} (${layer.className}): ${error.message}`);
    }
  }
  if (missing.length > 0)
    invalidModel(`${missing.length} layers cannot be converted: ${missing.slice(0, 10).join('; ')}`);
  return read ? { outputs, input: { tensor: read, vocabulary } } : invalidModel('the model has no input');
}

const getTensor = (
  outputs: ReadonlyMap<string, readonly GraphTensor[]>,
  { layer, tensor }: TensorSource,
): GraphTensor | undefined => outputs.get(layer)?.[tensor];

/** Parses the input shape without the batch: [steps, width], [width], or [steps] of ids. */
function inputShape(layer: KerasLayer): (number | null)[] {
  const shape = getInputShape(layer).slice(1);
  const ids = layer.className === 'Embedding';
  const sizes = shape.length > 0 ? shape : [ids ? (layer.config['input_length'] ?? null) : null];
  if (sizes.length > 2)
    invalidModel(
      `${quote(layer.name)} has the input shape ${quote(shape)}: at most time and features are supported`,
    );
  if (sizes.length === 2 && sizes[1] === null) refuseWidth(layer.name);
  return sizes.map((size) =>
    size === null || (Number.isSafeInteger(size) && (size as number) > 0)
      ? (size as number | null)
      : invalidModel(
          `${quote(layer.name)} has the input shape ${quote(shape)}, must be whole numbers or null`,
        ),
  );
}

const refuseWidth = (name: string): never =>
  invalidModel(`${quote(name)} has an unknown number of values per step`);

/** Checks that ids are used only in embeddings. */
function requireLookUps({ operators }: GraphBuilder): void {
  for (const { operator, inputs, outputs } of operators)
    if (inputs.some((one, i) => one === inputValue && !(operator === 'Gather' && i === 1)))
      invalidModel(`${operator} (${outputs[0]!}) uses ids, which only an embedding can`);
}

/** Describes the input: a single row is one step, unless the output is a sequence. */
function describeInput(
  { tensor, vocabulary }: ModelInput,
  output: GraphTensor,
): Pick<ProgramSpec, 'runs' | 'input'> {
  const base = { value: inputValue, context: 0 };
  const [first = null] = tensor.shape;
  const steps = first === null ? {} : { steps: first };
  if (vocabulary !== undefined)
    return { runs: 'sequence', input: { ...base, shape: [1, -1], vocabulary, ...steps } };
  const width = tensor.shape.at(-1) ?? refuseWidth('input');
  if (tensor.shape.length === 2)
    return { runs: 'sequence', input: { ...base, shape: [1, -1, width], ...steps } };
  return output.shape.length === 1
    ? { runs: 'step', input: { ...base, shape: [1, width] } }
    : { runs: 'sequence', input: { ...base, shape: [1, width], steps: 1 } };
}

function getOutput(outputs: ReadonlyMap<string, readonly GraphTensor[]>, source: TensorSource): GraphTensor {
  const output =
    getTensor(outputs, source) ?? invalidModel(`the output ${quote(source.layer)} is computed by no layer`);
  const { shape } = output;
  if (shape.length > 2 || shape.slice(1).includes(null))
    invalidModel(`the output shape is ${formatShape(shape)}, must be rows of columns, or one row`);
  return output;
}

/** Checks that an output whose rows grow with the sequence's length has one row per step. */
function requireRows({ network }: ImportedNetwork, { shape }: GraphTensor): void {
  const [layer] = network.layers as [ProgramSpec];
  const width = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  if (shape[0] === null && layer.output.gives === 'step' && layer.units !== width)
    invalidModel(`the output has ${layer.units / width} rows per step, must have one`);
}
