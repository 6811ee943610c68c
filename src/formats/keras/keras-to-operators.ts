import { UnrollError } from '../../errors.ts';
import type { ProgramSpec } from '../../network/layers/operator-graph/schema.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import {
  summarizeOperators,
  operatorGraphLayerName,
  createOperatorGraphNetwork,
} from '../operators/operator-graph-network.ts';
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

// A Keras model as one program of operators. Between layers stand [1, steps, width] and [1, width]: a batch of one.

const inputValue = 'input';

/**
 * @param because why it is no stack of layers
 * @throws UnrollError invalid_model with every layer that there are no operators for, and why
 */
export function kerasToOperators(model: KerasModel, because: string): ImportedNetwork {
  const graph = createGraphBuilder(model.version);
  const { given, read } = emitLayers(model, graph);
  if (read.vocabulary !== undefined) requireLookUps(graph);
  const output = outputOf(given, requireSingleOutput(model.outputs));
  const draft: ProgramSpec = {
    type: 'program',
    name: operatorGraphLayerName,
    inputs: ['input'],
    ...readBy(read, output),
    output: { value: output.value, gives: 'step' },
    units: 1,
    states: [],
    wholeConstants: Object.fromEntries(graph.whole),
    constants: Object.fromEntries([...graph.floats].map(([name, tensor]) => [name, [...tensor.shape]])),
    operators: [...graph.operators],
  };
  try {
    const network = createOperatorGraphNetwork(draft, graph.floats, (layer) => [
      `written by Keras ${model.version}`,
      `runs as ${layer.operators.length} operators, ${layer.runs === 'step' ? 'at every step' : 'over whole sequences'}: ${summarizeOperators(layer)}`,
      ...graph.notes,
      `no stack of layers, because ${because}`,
    ]);
    requireRows(network, output);
    return network;
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return invalidModel(`as operators: ${error.message}; as layers: ${because}`);
  }
}

/** What a model reads: rows of numbers, or ids. */
interface Read {
  readonly wire: GraphTensor;
  readonly vocabulary: number | undefined;
}

function emitLayers(
  { layers, version }: KerasModel,
  graph: GraphBuilder,
): { given: ReadonlyMap<string, readonly GraphTensor[]>; read: Read } {
  const given = new Map<string, readonly GraphTensor[]>();
  const missing: string[] = [];
  let read: GraphTensor | null = null;
  let vocabulary: number | undefined;
  for (const layer of layers) {
    const isFirst = !read && layer.inputs.length === 0;
    if (layer.className === 'InputLayer' || isFirst) {
      if (read) invalidModel(`${quote(layer.name)} is a second input: one is read`);
      read = { value: inputValue, shape: inputShape(layer), isInput: true };
      if (layer.className === 'InputLayer') {
        given.set(layer.name, [read]);
        continue;
      }
    }
    const reads = isFirst ? [read] : layer.inputs.map((one) => wireOf(given, one));
    if (reads.length === 0 || reads.some((one) => !one)) {
      missing.push(`${quote(layer.name)} (${layer.className}) reads what was not converted`);
      continue;
    }
    try {
      if (layer.inputs.some(({ argument }) => argument === 'mask')) invalidModel('is given a mask');
      const kept = isKeras1(version) ? toKeras2(layer) : layer;
      const wires = emitLayer(kept, reads as GraphTensor[], graph);
      if (layer.className === 'Embedding')
        vocabulary = Math.min(vocabulary ?? Infinity, kept.weights[0]!.shape[0]!);
      given.set(layer.name, wires);
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      missing.push(`${quote(layer.name)} (${layer.className}): ${error.message}`);
    }
  }
  if (missing.length > 0)
    invalidModel(`${missing.length} layers cannot be converted: ${missing.slice(0, 10).join('; ')}`);
  return read ? { given, read: { wire: read, vocabulary } } : invalidModel('the model has no input');
}

const wireOf = (
  given: ReadonlyMap<string, readonly GraphTensor[]>,
  { layer, tensor }: TensorSource,
): GraphTensor | undefined => given.get(layer)?.[tensor];

/** Sizes of what a model reads, without the batch: [steps, width], [width], or [steps] of ids. */
function inputShape(layer: KerasLayer): (number | null)[] {
  const shape = getInputShape(layer).slice(1);
  const ids = layer.className === 'Embedding';
  const sizes = shape.length > 0 ? shape : [ids ? (layer.config['input_length'] ?? null) : null];
  if (sizes.length > 2)
    invalidModel(`${quote(layer.name)} reads ${quote(shape)} a sample: at most time and features`);
  if (sizes.length === 2 && sizes[1] === null) refuseWidth(layer.name);
  return sizes.map((size) =>
    size === null || (Number.isSafeInteger(size) && (size as number) > 0)
      ? (size as number | null)
      : invalidModel(`${quote(layer.name)} reads ${quote(shape)} a sample`),
  );
}

const refuseWidth = (name: string): never =>
  invalidModel(`${quote(name)} does not say how many numbers a step has`);

/** Ids are looked up, and nothing else. */
function requireLookUps({ operators }: GraphBuilder): void {
  for (const { operator, inputs, outputs } of operators)
    if (inputs.some((one, i) => one === inputValue && !(operator === 'Gather' && i === 1)))
      invalidModel(`${operator} (${outputs[0]!}) reads ids, which only an embedding can`);
}

/** A row by itself is a step, unless a sequence comes of it. */
function readBy({ wire, vocabulary }: Read, output: GraphTensor): Pick<ProgramSpec, 'runs' | 'input'> {
  const base = { value: inputValue, context: 0 };
  const [first = null] = wire.shape;
  const steps = first === null ? {} : { steps: first };
  if (vocabulary !== undefined)
    return { runs: 'sequence', input: { ...base, shape: [1, -1], vocabulary, ...steps } };
  const width = wire.shape.at(-1) ?? refuseWidth('input');
  if (wire.shape.length === 2)
    return { runs: 'sequence', input: { ...base, shape: [1, -1, width], ...steps } };
  return output.shape.length === 1
    ? { runs: 'step', input: { ...base, shape: [1, width] } }
    : { runs: 'sequence', input: { ...base, shape: [1, width], steps: 1 } };
}

function outputOf(given: ReadonlyMap<string, readonly GraphTensor[]>, source: TensorSource): GraphTensor {
  const output = wireOf(given, source) ?? invalidModel(`nothing gives the output ${quote(source.layer)}`);
  const { shape } = output;
  if (shape.length > 2 || shape.slice(1).includes(null))
    invalidModel(`it answers with ${formatShape(shape)} a sample: must be rows of columns, or one row`);
  return output;
}

/** Where the rows of an answer grow with a sequence's length, each must belong to a step. */
function requireRows({ network }: ImportedNetwork, { shape }: GraphTensor): void {
  const [layer] = network.layers as [ProgramSpec];
  const width = shape.reduce<number>((product, size) => product * (size ?? 1), 1);
  if (shape[0] === null && layer.output.gives === 'step' && layer.units !== width)
    invalidModel(`it answers with ${layer.units / width} rows a step, must be one`);
}
