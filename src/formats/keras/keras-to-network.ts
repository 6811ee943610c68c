import { UnrollError } from '../../errors.ts';
import type { ForeignNetwork } from '../imported-network.ts';
import type { KerasModel } from './keras-model.ts';
import { layersOfKeras } from './keras-to-layers.ts';
import { programOfKeras } from './keras-to-operators.ts';

/**
 * A model as layers of ours where each of its layers is one, else as a program: layers batch, and keep a state between calls.
 * @throws UnrollError invalid_model with every layer that can't be converted, and why
 */
export function networkOfKeras(model: KerasModel): ForeignNetwork {
  try {
    return layersOfKeras(model);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return programOfKeras(model, error.message);
  }
}
