import { UnrollError } from '../../errors.ts';
import { resolveGraph } from '../../network/graph.ts';
import type { NetworkInput } from '../../network/input.ts';
import type { Tensor } from '../../network/weights.ts';
import { invalidModel, quote } from '../format-errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import { layersToNetwork } from '../layers-to-network.ts';
import type { LayerInput } from './converted.ts';
import type { KerasLayer } from './keras-layer.ts';
import { convertLayer } from './layers.ts';

// The layers of ours that compute what a Keras model does, as far as there are such. They are preferred to
// operators: they are batched and keep states between calls.

/** A tensor between two of our layers. */
export interface NativeRows extends LayerInput {
  /** The layer that produces it. */
  readonly name: string;
}

export interface NativeLayers {
  /** Why there is a layer without a counterpart; the first few. */
  readonly reasons: readonly string[];
  readonly notes: readonly string[];
  /** Converts a call of a layer. @returns null where it has no counterpart, or an input has none */
  convert(layer: KerasLayer, reads: readonly (NativeRows | null)[]): NativeRows | null;
  /** Records why the model cannot be converted. */
  refuse(reason: string): null;
  /** @throws UnrollError invalid_model when the output is not that of the last layer */
  toNetwork(input: NetworkInput, output: NativeRows): ImportedNetwork;
}

/** @param version of the Keras that wrote the file */
export function createNativeLayers(version: string): NativeLayers {
  const drafts: { readonly name: string }[] = [];
  const weights = new Map<string, Tensor>();
  const names = new Set(['input']);
  const reasons: string[] = [];
  const notes: string[] = [];
  const toUniqueName = (name: string): string => {
    const clean = name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 48) || 'layer';
    let unique = clean;
    for (let i = 2; names.has(unique); i++) unique = `${clean}_${i}`;
    names.add(unique);
    return unique;
  };
  const refuse = (reason: string): null => {
    if (reasons.length < 10) reasons.push(reason);
    return null;
  };
  return {
    reasons,
    notes,
    refuse,
    convert(layer, reads) {
      if (reads.some((one) => one === null)) return null;
      const from = reads as NativeRows[];
      try {
        const converted = convertLayer(layer, from, version);
        notes.push(...converted.notes.map((note) => `${quote(layer.name)}: ${note}`));
        let last = from.map(({ name }) => name);
        for (const one of converted.layers) {
          const name = toUniqueName(one.name);
          drafts.push({ ...one.layer, name, inputs: last } as { name: string });
          for (const [part, tensor] of one.tensors) weights.set(`${name}.${part}`, tensor);
          last = [name];
        }
        return { name: last[0]!, width: converted.width, sequence: converted.sequence };
      } catch (error) {
        if (!(error instanceof UnrollError)) throw error;
        return refuse(`${quote(layer.name)} (${layer.className}): ${error.message}`);
      }
    },
    toNetwork(input, output) {
      if (output.name !== drafts.at(-1)?.name) invalidModel('the output is not that of the last layer');
      const network = layersToNetwork(drafts);
      resolveGraph(network, input);
      return { network, weights, input, notes };
    },
  };
}
