import { cellOfOperator } from '../../cells/registry.ts';
import { UnrollError } from '../../errors.ts';
import { resolveGraph } from '../../network/graph.ts';
import type { NetworkInput } from '../../network/input.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { layersToNetwork } from '../layers-to-network.ts';
import { createDraft } from './layer-draft.ts';
import { convertNode } from './convert-node.ts';
import type { OnnxModel, OnnxNode, OnnxValue } from './read-onnx.ts';
import { createAxis, type Rows, type TrackedValue } from './tracked-value.ts';

const isRecurrent = (op: string): boolean => cellOfOperator(op) !== undefined;
/** Input positions of a recurrent operator for sequence lengths and initial states. */
const stateInputs = new Set([4, 5, 6]);

/**
 * Converts a graph of recurrent operators and common layers to a network of layers. Where shapes are unknown
 * before run time, the roles of their axes are tracked instead.
 * @throws UnrollError invalid_model with every operator that cannot be converted, and where it is
 */
export function onnxToLayers(model: OnnxModel): ImportedNetwork {
  const { nodes, initializers, inputs, outputs, opset } = model;
  const draft = createDraft();
  const values = new Map<string, TrackedValue>(
    [...initializers].map(([name, tensor]) => [name, { kind: 'constant', tensor }]),
  );
  const main = findMainInput(inputs, nodes);
  for (const { name } of inputs) if (name !== main.name) values.set(name, { kind: 'state' });
  const input = parseInput(main, model);
  const roles = main.shape.map(() => createAxis(null));
  if (input.kind === 'features') roles[roles.length - 1] = createAxis('features');
  // the roles of the other axes, batch and time, are determined by the operators that read them
  values.set(main.name, {
    kind: 'rows',
    axes: roles,
    layer: 'input',
    width: input.kind === 'features' ? input.width : 0,
    end: null,
  });

  const readers = new Map<string, number>();
  for (const name of [...nodes.flatMap((node) => node.inputs), ...outputs.map((one) => one.name)])
    readers.set(name, (readers.get(name) ?? 0) + 1);
  const hasSingleReader = (layer: string): boolean =>
    [...values].every(
      ([name, value]) => value.kind !== 'rows' || value.layer !== layer || (readers.get(name) ?? 0) <= 1,
    );
  const missing: string[] = [];
  for (const node of nodes) {
    const read = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const where = `${node.op} ${quote(node.name || node.outputs[0])}`;
    // an operator that was not converted is reported itself, its consumers are not
    if (node.inputs.some((name, i) => name !== '' && read[i] === undefined)) continue;
    try {
      const converted = convertNode(node, read, {
        draft,
        opset,
        hasSingleReader,
        countReaders: (name) => readers.get(name) ?? 0,
      });
      node.outputs.forEach((name, i) => converted[i] && values.set(name, converted[i]));
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      missing.push(`${where}: ${error.message}`);
    }
  }
  if (missing.length > 0)
    invalidModel(`${missing.length} operators cannot be converted: ${missing.slice(0, 10).join('; ')}`);

  const result = findOutput(outputs, values);
  const last = draft.resolveRows(result);
  if (last !== draft.layers.at(-1)?.['name'])
    invalidModel(`the output comes from ${quote(last)}, which is not the last layer`);
  const network = layersToNetwork(draft.layers);
  resolveGraph(network, input);
  return { network, weights: draft.weights, input, notes: draft.notes };
}

/** Finds the only input that is neither a state nor sequence lengths. */
function findMainInput(inputs: readonly OnnxValue[], nodes: readonly OnnxNode[]): OnnxValue {
  const others = inputs.filter(({ name }) =>
    nodes.some(({ op, inputs: read }) =>
      read.some((one, i) => one === name && !(isRecurrent(op) && stateInputs.has(i))),
    ),
  );
  const [one] = others;
  if (!one || others.length > 1)
    return invalidModel(
      `the graph has ${others.length} inputs besides states (${others.map(({ name }) => quote(name)).join(', ')}), must have one`,
    );
  return one;
}

/** Parses the input: ids when they are looked up in a matrix, else as many features as its last axis has. */
function parseInput({ name, shape }: OnnxValue, { nodes, initializers }: OnnxModel): NetworkInput {
  const lookUp = nodes.find(({ op, inputs }) => op === 'Gather' && inputs[1] === name);
  const table = lookUp && initializers.get(lookUp.inputs[0]!);
  if (table) return { kind: 'ids', vocabulary: table.shape[0]! };
  const first = nodes.find(({ op, inputs }) => isRecurrent(op) && inputs[0] === name);
  const width = shape.at(-1) ?? (first && initializers.get(first.inputs[1]!)?.shape[2]);
  if (!width || shape.length < 2 || shape.length > 3)
    return invalidModel(
      `the input ${quote(name)} is [${shape.map((size) => size ?? '?').join(', ')}], must be ids, or have time and a known number of features`,
    );
  return { kind: 'features', width };
}

/** Finds the only output that is not a state. */
function findOutput(outputs: readonly OnnxValue[], values: ReadonlyMap<string, TrackedValue>): Rows {
  const found = outputs.flatMap(({ name }) => {
    const value = values.get(name);
    return value?.kind === 'rows' ? [value] : [];
  });
  const plain = found.filter(({ end }) => end === null);
  const chosen = plain.length > 0 ? plain : found.filter(({ end }) => end === 'hidden');
  const [one] = chosen;
  if (!one || chosen.length > 1)
    return invalidModel(`the graph has ${chosen.length} outputs besides states, must have one`);
  if (one.axes.some(({ role, size }) => role === 'directions' && size !== 1))
    invalidModel('the output has the directions as a separate axis');
  return one;
}
