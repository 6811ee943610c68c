import type { KerasLayer, TensorSource } from '../../../src/formats/keras/keras-layer.ts';
import type { KerasModel } from '../../../src/formats/keras/keras-model.ts';

export type Source = Omit<TensorSource, 'call'> & { readonly call?: number };
/** A layer; without inputs it reads the one before it. */
export type GivenLayer = Partial<KerasLayer> & { readonly inputs?: readonly (string | Source)[] };

/** Connects layers to a model: those that are InputLayers are its inputs, the last layer is its output. */
export function connectLayers(
  layers: readonly GivenLayer[],
  { version = '2.15.0', tfjs = false }: { version?: string; tfjs?: boolean } = {},
): KerasModel {
  const named = layers.map((layer, i) => ({ ...layer, name: layer.name ?? `l${i}` }));
  const toSource = (one: string | Source): TensorSource => ({
    call: 0,
    ...(typeof one === 'string' ? { layer: one, tensor: 0 } : one),
  });
  const isInput = ({ className }: GivenLayer): boolean => className === 'InputLayer';
  return {
    version,
    tfjs,
    topology: {
      members: named.map(({ inputs, ...layer }, i) => ({
        layer: { className: '', config: {}, weights: [], ...layer },
        model: null,
        calls: isInput(layer)
          ? []
          : [{ inputs: (inputs ?? [named[i - 1]!.name]).map(toSource), options: layer.options ?? {} }],
      })),
      inputs: named.filter(isInput).map(({ name }) => toSource(name)),
      outputs: [toSource(named.at(-1)!.name)],
    },
  };
}
