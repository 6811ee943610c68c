import { optionsLabel } from '../../../cells/options.ts';
import { UnrollError } from '../../../errors.ts';
import { getCellOptions } from '../../../cells/recurrent-options.ts';
import type { RecurrentSpec } from './schema.ts';

// Only cells as they were published are trainable: the other options of imported models have no backward
// pass.

const fields = ['clip', 'input_forget', 'peepholes', 'initial_state'] as const;

/**
 * Rejects a cell that is inference only.
 * @throws UnrollError invalid_model, naming the layer and the field
 */
export function checkTrainable(layer: RecurrentSpec, name: string, place?: string): void {
  const usual = optionsLabel(getCellOptions({ ...layer, activations: undefined }, 'forward'));
  const others = (['forward', 'backward'] as const)
    .filter((direction) => optionsLabel(getCellOptions(layer, direction)) !== usual)
    .map((direction) =>
      direction === 'backward' && layer.backward_activations ? 'backward_activations' : 'activations',
    );
  const field = others[0] ?? fields.find((one) => layer[one] !== undefined && layer[one] !== false);
  if (field === undefined) return;
  throw new UnrollError(
    'invalid_model',
    `layer ${name}: ${field}: is served and not trained: a cell learns with the activations it was published with (rnn: tanh or relu), without clip, input_forget (cell cifg is trainable), peepholes or initial_state`,
    place === undefined ? {} : { field: `${place}.${field}` },
  );
}
