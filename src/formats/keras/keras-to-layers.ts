import { UnrollError } from '../../errors.ts';
import { resolveGraph } from '../../network/graph.ts';
import type { NetworkInput } from '../../network/input.ts';
import type { Tensor } from '../../network/weights.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { layersToNetwork } from '../layers-to-network.ts';
import { asConfig } from './keras-config.ts';
import type { KerasLayer, TensorSource } from './keras-layer.ts';
import type { KerasModel } from './keras-model.ts';
import { toKeras2, isKeras1 } from './keras-1.ts';
import type { ConvertedLayers } from './converted.ts';
import { convertLayer } from './layers.ts';
import { invalidModel, quote } from '../format-errors.ts';

/** The conversion of a Keras layer: the name and width of the layer that produces its output. */
interface Placed {
  readonly name: string;
  readonly width: number;
  /** Whether it has one row per step, rather than one per sequence. */
  readonly sequence: boolean;
}

/**
 * Converts a model to our layers.
 * @throws UnrollError invalid_model with every layer that cannot be converted, and why
 */
export function kerasToLayers({ version, layers, outputs }: KerasModel): ImportedNetwork {
  const missing: string[] = [];
  const notes: string[] = [`written by Keras ${version}`];
  const drafts: object[] = [];
  const weights = new Map<string, Tensor>();
  const placed = new Map<string, Placed>();
  const names = new Set(['input']);
  let input: NetworkInput | null = null;

  // our layers have one output
  const getPlaced = (one: TensorSource): Placed | undefined =>
    one.tensor === 0 ? placed.get(one.layer) : undefined;
  const toUniqueName = (name: string): string => {
    const clean = name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 48) || 'layer';
    let unique = clean;
    for (let i = 2; names.has(unique); i++) unique = `${clean}_${i}`;
    names.add(unique);
    return unique;
  };
  const add = (converted: ConvertedLayers['layers'][number], reads: readonly string[]): string => {
    const name = toUniqueName(converted.name);
    drafts.push({ ...converted.layer, name, inputs: reads });
    for (const [part, tensor] of converted.tensors) weights.set(`${name}.${part}`, tensor);
    return name;
  };

  for (const layer of layers) {
    if (layer.className === 'InputLayer') {
      if (input) invalidModel(`${quote(layer.name)} is a second input, only one is supported`);
      input = parseInput(layer);
      placed.set(layer.name, {
        name: 'input',
        width: input.kind === 'features' ? input.width : 0,
        sequence: getInputShape(layer).length > 2 || input.kind === 'ids',
      });
      continue;
    }
    // in Keras 1 and 2 the first layer of a Sequential may have the input shape
    if (!input && layer.inputs.length === 0) {
      input = parseInput(layer);
      placed.set('', {
        name: 'input',
        width: input.kind === 'features' ? input.width : 0,
        sequence: getInputShape(layer).length > 2 || input.kind === 'ids',
      });
    }
    const reads = layer.inputs.length > 0 ? layer.inputs.map(getPlaced) : [placed.get('')];
    if (reads.some((one) => one === undefined)) {
      // an input was not converted itself
      missing.push(`${quote(layer.name)} (${layer.className}) has an input that was not converted`);
      continue;
    }
    try {
      const from = reads as Placed[];
      if (layer.className === 'Embedding' && input) input = parseIdInput(layer);
      const converted = convertLayer(isKeras1(version) ? toKeras2(layer) : layer, from, version);
      notes.push(...converted.notes.map((note) => `${quote(layer.name)}: ${note}`));
      let last = from.map(({ name }) => name);
      for (const one of converted.layers) last = [add(one, last)];
      placed.set(layer.name, { name: last[0]!, width: converted.width, sequence: converted.sequence });
    } catch (error) {
      if (!(error instanceof UnrollError)) throw error;
      missing.push(`${quote(layer.name)} (${layer.className}): ${error.message}`);
    }
  }
  if (missing.length > 0)
    invalidModel(`${missing.length} layers cannot be converted: ${missing.slice(0, 10).join('; ')}`);
  const output = requireSingleOutput(outputs);
  if (!input) return invalidModel('the model has no input');
  const result = getPlaced(output);
  if (result?.name !== asConfig(drafts.at(-1))['name'])
    invalidModel(`the output ${quote(output.layer)} is not the last layer`);
  const network = layersToNetwork(drafts);
  resolveGraph(network, input);
  return { network, weights, input, notes };
}

/** Returns the model's output. @throws UnrollError invalid_model when there are several */
export function requireSingleOutput(outputs: readonly TensorSource[]): TensorSource {
  const [output] = outputs;
  if (!output || outputs.length > 1)
    invalidModel(
      `it has ${outputs.length} outputs (${outputs.map(({ layer }) => quote(layer)).join(', ')}), must have one`,
    );
  return output;
}

/** Returns the input shape in a layer's config, including the batch; empty when it has none. */
export function getInputShape({ config }: KerasLayer): readonly unknown[] {
  const shape = config['batch_shape'] ?? config['batch_input_shape'];
  return Array.isArray(shape) ? shape : [];
}

/**
 * Parses the input: [batch, time, features], [batch, features], or [batch, time] of ids when an embedding
 * follows.
 */
function parseInput(layer: KerasLayer): NetworkInput {
  const shape = getInputShape(layer);
  const width = shape.at(-1) ?? layer.config['input_dim'];
  if (shape.length > 3)
    return invalidModel(
      `${quote(layer.name)} has the input shape [${shape.join(', ')}]: at most time and features are supported`,
    );
  if (layer.className === 'Embedding') return parseIdInput(layer);
  if (typeof width !== 'number') return { kind: 'features', width: 0 };
  if (!Number.isSafeInteger(width) || width < 1)
    invalidModel(`${quote(layer.name)} has an input of ${width} columns`);
  return { kind: 'features', width };
}

function parseIdInput({ config }: KerasLayer): NetworkInput {
  const size = config['input_dim'];
  if (typeof size !== 'number') return invalidModel('an embedding has no input_dim');
  return { kind: 'ids', vocabulary: size };
}
