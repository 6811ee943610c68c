import { createHash } from 'node:crypto';
import type { Precision } from '../kernel/precision.ts';
import type { NetworkSpec } from './spec.ts';
import type { Weights } from './weights.ts';

/**
 * SHA-256 of what decides a network's states: its layers, its weights, whatever file they were read from, and their
 * precision.
 * A state may go on wherever it is the same.
 * @returns 64 hexadecimal digits
 */
export function hashNetwork(
  network: NetworkSpec,
  weights: Weights,
  precision: Precision = 'float32',
): string {
  const hash = createHash('sha256').update(JSON.stringify(network));
  for (const name of [...weights.keys()].toSorted()) {
    const { shape, values } = weights.get(name)!;
    hash.update(`${JSON.stringify(name)}${JSON.stringify(shape)}`);
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  if (precision !== 'float32') hash.update(precision);
  return hash.digest('hex');
}
