import { load } from '../assembler/expressions.ts';
import { panelBytes, panelVectors } from '../layout.ts';
import { activate, type Activation } from './activations.ts';
import type { Emitter } from './emitter.ts';

/**
 * Emits x ← activation(x), element by element, over whole panels of 16.
 * @returns the function's name; its parameters are x and the number of panels, at least 1.
 */
export const emitElementwise = (e: Emitter, activation: Activation): string =>
  e.module.function(`elementwise_${activation}`, ['x', 'panels'], (f, { x, panels }) =>
    f.repeat(panels, () => {
      const values = Array.from({ length: panelVectors }, (_, v) => f.v128(load(x, v * 16)));
      activate(f, e, values, activation);
      values.forEach((value, v) => f.store(x, value, v * 16));
      f.advance(x, panelBytes);
    }),
  );
