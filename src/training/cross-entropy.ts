import { padded } from '../kernel/emit/emitter.ts';
import { emitSoftmax } from '../kernel/emit/softmax.ts';
import type { Emitter } from '../kernel/emit/emitter.ts';
import type { KernelFunctions } from '../kernel/instantiate.ts';
import { clearVectorRegisters } from '../kernel/compile.ts';
import type { Block } from './layer.ts';

/** What each packed step should have answered, and how much that counts; weight 0 counts nothing. */
export interface Targets {
  readonly classes: Int32Array;
  readonly weights: Float32Array;
}

/** The smallest probability a loss is taken of: softmax gives 0 below exp(−87). */
const leastProbability = 1e-38;

/**
 * Softmax cross-entropy L = −Σ weight · ln p[class], in nats. The gradient takes the place of the logits.
 * @param logits [rows, padded(classes)]
 * @returns L
 */
export function createCrossEntropy(
  e: Emitter,
  classes: number,
): (functions: KernelFunctions, logits: Block, targets: Targets, rows: number) => number {
  const softmax = emitSoftmax(e, classes);
  const stride = padded(classes);
  return (functions, { address, values }, targets, rows) => {
    functions[softmax]!(address, rows);
    clearVectorRegisters();
    let loss = 0;
    for (let row = 0; row < rows; row++) {
      const first = row * stride;
      const target = first + targets.classes[row]!;
      const weight = targets.weights[row]!;
      if (weight !== 0) loss -= weight * Math.log(Math.max(values[target]!, leastProbability));
      values[target] = values[target]! - 1;
      for (let i = first; i < first + stride; i++) values[i] = values[i]! * weight;
    }
    return loss;
  };
}
