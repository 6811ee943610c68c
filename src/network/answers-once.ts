import type { NetworkSpec } from './spec.ts';

/** A network with a pool, or a program that says so, answers once a sequence; any other at every step. */
export const answersOnce = ({ layers }: Pick<NetworkSpec, 'layers'>): boolean =>
  layers.some(
    (layer) => layer.type === 'pool' || (layer.type === 'program' && layer.output.gives === 'sequence'),
  );
