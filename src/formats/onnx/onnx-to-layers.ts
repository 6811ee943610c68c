import { cellOfOperator } from '../../cells/registry.ts';
import { UnrollError } from '../../errors.ts';
import { resolveGraph } from '../../network/graph.ts';
import type { NetworkInput } from '../../network/input.ts';
import { shown } from '../arrays.ts';
import type { ForeignNetwork } from '../imported-network.ts';
import { networkOfLayers } from '../layers-to-network.ts';
import { createDraft } from './draft.ts';
import { convertNode } from './operators.ts';
import type { OnnxModel, OnnxNode, OnnxValue } from './read-onnx.ts';
import { refuse } from './refuse.ts';
import { axis, type Rows, type Value } from './values.ts';

const isRecurrent = (op: string): boolean => cellOfOperator(op) !== undefined;
/** Inputs of a recurrent operator that are lengths and states. */
const stateInputs = new Set([4, 5, 6]);

/**
 * A graph of recurrent operators and what stands around them, as a network of ours. Shapes that only a run would tell are followed by
 * what their axes are. @throws UnrollError invalid_model with every operator that can't be converted, and where
 */
export function layersOfOnnx(model: OnnxModel): ForeignNetwork {
  const { nodes, initializers, inputs, outputs, opset, producer } = model;
  const draft = createDraft();
  draft.notes.push(`written by ${producer || 'an unknown program'}, opset ${opset}`);
  const values = new Map<string, Value>(
    [...initializers].map(([name, tensor]) => [name, { kind: 'constant', tensor }]),
  );
  const main = mainInput(inputs, nodes);
  for (const { name } of inputs) if (name !== main.name) values.set(name, { kind: 'state' });
  const input = inputOf(main, model);
  const roles = main.shape.map(() => axis(null));
  if (input.kind === 'features') roles[roles.length - 1] = axis('features');
  // one row a sequence, or a sequence alone: the axis there is, is told by whoever reads it
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
  const alone = (layer: string): boolean =>
    [...values].every(
      ([name, value]) => value.kind !== 'rows' || value.layer !== layer || (readers.get(name) ?? 0) <= 1,
    );
  const missing: string[] = [];
  for (const node of nodes) {
    const read = node.inputs.map((name) => (name === '' ? undefined : values.get(name)));
    const where = `${node.op} ${shown(node.name || node.outputs[0])}`;
    // whatever reads an operator that is missing is missing by that alone
    if (node.inputs.some((name, i) => name !== '' && read[i] === undefined)) continue;
    try {
      const made = convertNode(node, read, {
        draft,
        opset,
        alone,
        readers: (name) => readers.get(name) ?? 0,
      });
      node.outputs.forEach((name, i) => made[i] && values.set(name, made[i]));
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      missing.push(`${where}: ${error.message}`);
    }
  }
  if (missing.length > 0)
    refuse(`${missing.length} operators cannot be converted: ${missing.slice(0, 10).join('; ')}`);

  const result = outputOf(outputs, values);
  const nameOf = (rows: Rows): string => outputs.find(({ name }) => values.get(name) === rows)?.name ?? '';
  const last = draft.rowsOf(result);
  if (last !== draft.layers.at(-1)?.['name'])
    refuse(`the output comes from ${shown(last)}, which is not the last layer`);
  const network = networkOfLayers(draft.layers);
  resolveGraph(network, input);
  const batchFirst = roles[0]?.role === 'batch' && roles[1]?.role === 'time';
  const tensors = batchFirst ? { input: main.name, output: nameOf(result) } : undefined;
  return { network, weights: draft.weights, input, tensors, notes: draft.notes };
}

/** The one input that is no state and no lengths. */
function mainInput(inputs: readonly OnnxValue[], nodes: readonly OnnxNode[]): OnnxValue {
  const others = inputs.filter(({ name }) =>
    nodes.some(({ op, inputs: read }) =>
      read.some((one, i) => one === name && !(isRecurrent(op) && stateInputs.has(i))),
    ),
  );
  const [one] = others;
  if (!one || others.length > 1)
    return refuse(
      `the graph has ${others.length} inputs besides states (${others.map(({ name }) => shown(name)).join(', ')}), must have one`,
    );
  return one;
}

/** Ids where a matrix is looked up by it, else features, as many as its last axis has. */
function inputOf({ name, shape }: OnnxValue, { nodes, initializers }: OnnxModel): NetworkInput {
  const lookUp = nodes.find(({ op, inputs }) => op === 'Gather' && inputs[1] === name);
  const table = lookUp && initializers.get(lookUp.inputs[0]!);
  if (table) return { kind: 'ids', vocabulary: table.shape[0]! };
  const first = nodes.find(({ op, inputs }) => isRecurrent(op) && inputs[0] === name);
  const width = shape.at(-1) ?? (first && initializers.get(first.inputs[1]!)?.shape[2]);
  if (!width || shape.length < 2 || shape.length > 3)
    return refuse(
      `the input ${shown(name)} is [${shape.map((size) => size ?? '?').join(', ')}], must be ids, or have time and a known number of features`,
    );
  return { kind: 'features', width };
}

/** The one output that is no state. */
function outputOf(outputs: readonly OnnxValue[], values: ReadonlyMap<string, Value>): Rows {
  const found = outputs.flatMap(({ name }) => {
    const value = values.get(name);
    return value?.kind === 'rows' ? [value] : [];
  });
  const plain = found.filter(({ end }) => end === null);
  const chosen = plain.length > 0 ? plain : found.filter(({ end }) => end === 'hidden');
  const [one] = chosen;
  if (!one || chosen.length > 1)
    return refuse(`the graph has ${chosen.length} outputs besides states, must have one`);
  if (one.axes.some(({ role, size }) => role === 'directions' && size !== 1))
    refuse('the output has its directions apart');
  return one;
}
