import { UnrollError } from '../../errors.ts';
import type { ImportedNetwork } from '../imported-network.ts';
import type { KerasModel } from './keras-model.ts';
import { kerasToLayers } from './keras-to-layers.ts';
import { kerasToOperators } from './keras-to-operators.ts';

/**
 * Converts a model to layers when each of its layers has a counterpart, else to an operator graph. Layers are
 * preferred: they are batched and keep states between calls.
 * @throws UnrollError invalid_model with every layer that cannot be converted, and why
 */
export function kerasToNetwork(model: KerasModel): ImportedNetwork {
  try {
    return kerasToLayers(model);
  } catch (error) {
    if (!(error instanceof UnrollError)) throw error;
    return kerasToOperators(model, error.message);
  }
}
