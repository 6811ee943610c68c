import type { Config } from '../../../src/formats/keras/keras-config.ts';
import type { KerasLayer } from '../../../src/formats/keras/keras-layer.ts';
import { kerasToNetwork } from '../../../src/formats/keras/keras-to-network.ts';
import type { Tensor } from '../../../src/network/weights.ts';

/** Converts a Keras model of one layer, "read", over numbers. */
export function oneLayerNetwork(
  className: string,
  config: Config,
  weights: readonly Tensor[],
  version: string,
) {
  const toLayer = (layer: Partial<KerasLayer>): KerasLayer => ({
    className: 'InputLayer',
    name: 'numbers',
    config: {},
    inputs: [],
    weights: [],
    ...layer,
  });
  const width = weights[0]!.shape[0]!;
  return kerasToNetwork({
    version,
    layers: [
      toLayer({ config: { batch_shape: [null, null, width] } }),
      toLayer({ className, name: 'read', config, inputs: [{ layer: 'numbers', tensor: 0 }], weights }),
    ],
    outputs: [{ layer: 'read', tensor: 0 }],
  });
}
