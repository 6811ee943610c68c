import { expect } from 'vitest';
import type { ImportedNetwork } from '../../src/formats/imported-network.ts';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import { isSequenceToOne } from '../../src/network/sequence-to-one.ts';
import { runAlone, createTestRunner } from '../network/random-network.ts';

/** What the library that saved a model gave for a sequence: of every step [steps, outputs], or of the last one. */
export interface Answer {
  /** Ids [steps], or numbers [steps, width]. */
  readonly x: number[] | number[][];
  readonly y: number[] | number[][];
}

/** Expects the answer of the float64 reference and of the emitted code. */
export function expectAnswer(
  { network, weights }: Pick<ImportedNetwork, 'network' | 'weights'>,
  { x, y }: Answer,
): void {
  const readsIds = !Array.isArray(x[0]);
  const steps = readsIds ? (x as number[]) : (x as number[][]).map((row) => Float64Array.from(row));
  const runner = createTestRunner(network, weights);
  const emitted = runAlone(runner, readsIds ? Int32Array.from(x as number[]) : Float32Array.from(x.flat()));
  runner.release();
  const answerSteps = Array.isArray(y[0]) && !isSequenceToOne(network) ? y.length : 1;
  for (const [rows, tolerance] of [
    [referenceNetwork(network, weights, steps).output, 2e-6],
    [emitted, 1e-5],
  ] as const) {
    const seen = rows.slice(-answerSteps).flatMap((row) => [...row]);
    expect(seen).toHaveLength(y.flat().length);
    y.flat().forEach((value, k) => expect(Math.abs(seen[k]! - value)).toBeLessThan(tolerance));
  }
}
