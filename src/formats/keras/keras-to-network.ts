import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import type { KerasModel } from './keras-model.ts';
import { kerasToLayers } from './keras-to-layers.ts';
import { kerasToOperators } from './keras-to-operators.ts';

/**
 * A model as layers of ours where each of its layers is one, else as a program: layers batch, and keep a state between calls.
 * @throws UnrollError invalid_model with every layer that can't be converted, and why
 */
export function kerasToNetwork(model: KerasModel): ImportedNetwork {
  try {
    return kerasToLayers(model);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return kerasToOperators(model, error.message);
  }
}
