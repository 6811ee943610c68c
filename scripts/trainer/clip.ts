import type { Parameter } from './parameter.ts';

/** Scales all gradients together so that their norm is at most `limit` (Pascanu et al. 2013). @returns the norm before */
export function clipGradients(parameters: readonly Parameter[], limit: number): number {
  let squares = 0;
  for (const { gradient } of parameters) for (const slope of gradient.values) squares += slope * slope;
  const norm = Math.sqrt(squares);
  if (norm > limit)
    for (const { gradient } of parameters)
      for (let k = 0; k < gradient.values.length; k++) gradient.values[k]! *= limit / norm;
  return norm;
}
