import type { NetworkSpec } from './spec.ts';

/** A network with a pool, or a program that says so, answers once a sequence; any other at every step. */
export const answersOnce = ({ layers }: Pick<NetworkSpec, 'layers'>): boolean =>
  layers.some(
    (layer) => layer.type === 'pool' || (layer.type === 'program' && layer.output.gives === 'sequence'),
  );

/** Rows of what a network answers with once: more than one where its last layer is a program that says so. */
export function answerRows({ layers }: Pick<NetworkSpec, 'layers'>): number {
  const last = layers.at(-1);
  return last?.type === 'program' ? (last.output.rows ?? 1) : 1;
}
