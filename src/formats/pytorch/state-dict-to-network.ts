import type { Arrays } from '../arrays.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { invalidModel, quote } from '../format-errors.ts';
import { layersToNetwork } from '../layers-to-network.ts';
import { convertRecurrent } from './convert-recurrent.ts';
import { readModules, type MatrixModule, type Module } from './modules.ts';
import type { RecurrentModule } from './recurrent-module.ts';

// A state dict has no network, only tensors. One is served only where the tensors can be one network alone: an
// LSTM or a GRU, and at most one linear layer that can only read it. What they leave open is asked for, never
// guessed: a plain RNN's activation, the order of several layers and what is between them, which end of a
// bidirectional layer the next one reads.

/**
 * Converts a state dict to a network.
 * @throws UnrollError invalid_model with what the tensors leave open
 */
export function stateDictToNetwork(arrays: Arrays): ImportedNetwork {
  const { modules, beside } = readModules(arrays);
  const { recurrent, head } = findOnlyNetwork(modules);
  const named = toLayerName(recurrent.prefix, 0);
  const { layers, weights } = convertRecurrent(recurrent, named);
  const notes = [`what follows ${quote((head ?? recurrent).prefix)}, such as a softmax, is not in the file`];
  if (recurrent.projected)
    notes.push(
      `${quote(recurrent.prefix)} has a projection: the states stay unprojected, and a dense layer projects the output`,
    );
  if (head) {
    const name = toLayerName(head.prefix, 1);
    layers.push({ type: 'dense', name, units: head.rows });
    const get = (part: string) => arrays.get(join(head.prefix, part));
    weights
      .set(`${name}.weight`, get('weight')!)
      .set(`${name}.bias`, get('bias') ?? { shape: [head.rows], values: new Float32Array(head.rows) });
  }
  if (beside.length > 0) notes.push(`left out: ${beside.slice(0, 5).map(quote).join(', ')}`);
  const input = { kind: 'features', width: recurrent.columns } as const;
  return { network: layersToNetwork(layers), weights, input, notes };
}

function findOnlyNetwork(modules: readonly Module[]): {
  recurrent: RecurrentModule;
  head: MatrixModule | null;
} {
  const list = (some: readonly Module[]): string =>
    some
      .slice(0, 5)
      .map(({ prefix }) => quote(prefix))
      .join(', ');
  const recurrents = modules.filter((one) => one.kind === 'recurrent');
  const matrices = modules.filter((one) => one.kind === 'matrix');
  const [recurrent] = recurrents;
  const [matrix = null] = matrices;
  for (const one of modules) if (one.kind === 'unknown') return refuse(one.reason);
  if (!recurrent) return refuse('there is no recurrent layer');
  const { prefix, columns, width } = recurrent;
  if (recurrents.length > 1)
    refuse(`there are ${recurrents.length} recurrent layers (${list(recurrents)}), in no certain order`);
  const others = modules.filter((one) => one.kind === 'norm' || one.kind === 'convolution');
  if (others.length > 0 || matrices.length > 1)
    refuse(
      `the order of ${list(modules)}, and what is between them, such as an activation, is not in the file`,
    );
  if (recurrent.cell === 'rnn')
    refuse(`${quote(prefix)} is a plain RNN: whether with tanh or relu is not in the file`);
  if (recurrent.bidirectional && (matrix || prefix !== ''))
    refuse(
      `${quote(prefix)} is bidirectional: whether ${matrix ? quote(matrix.prefix) : 'the answer'} reads each step, the last one, or both ends, is not in the file`,
    );
  if (!matrix) return { recurrent, head: null };
  const shape = `${quote(matrix.prefix)} [${matrix.rows}, ${matrix.columns}]`;
  const isBefore = matrix.rows === columns || (!matrix.bias && matrix.columns === columns);
  if (matrix.columns !== width)
    refuse(
      isBefore
        ? `${shape} comes before ${quote(prefix)}: as an embedding or a layer, and with which activation, is not in the file`
        : `${shape} does not read the ${width} columns of ${quote(prefix)}`,
    );
  if (isBefore) refuse(`${shape} fits before ${quote(prefix)} and after it`);
  return { recurrent, head: matrix };
}

const refuse = (reason: string): never =>
  invalidModel(
    `model.json is missing, and the weights alone are not one certain network: ${reason}; unroll inspect --template FILE prints a model.json to complete`,
  );

const join = (prefix: string, part: string): string => (prefix === '' ? part : `${prefix}.${part}`);

/** Converts a module's prefix to a valid layer name. */
export const toLayerName = (prefix: string, index: number): string =>
  prefix.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 48) || `layer_${index}`;
