import type { Config } from '../../../src/formats/keras/keras-config.ts';
import { kerasToNetwork } from '../../../src/formats/keras/keras-to-network.ts';
import type { Tensor } from '../../../src/network/weights.ts';
import { connectLayers } from './connect-layers.ts';

/** Converts a Keras model of one layer, "read", over numbers. */
export function oneLayerNetwork(
  className: string,
  config: Config,
  weights: readonly Tensor[],
  version: string,
) {
  const width = weights[0]!.shape[0]!;
  return kerasToNetwork(
    connectLayers(
      [
        { className: 'InputLayer', name: 'numbers', config: { batch_shape: [null, null, width] } },
        { className, name: 'read', config, weights },
      ],
      { version },
    ),
  );
}
