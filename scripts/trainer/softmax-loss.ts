import type { Matrix } from './matrix.ts';

/**
 * Cross entropy of softmax rows against one class each, mean over the rows, in nats. The logits become the gradient:
 * (softmax − one-hot) / rows.  logits [rows, classes]
 */
export function softmaxLoss(logits: Matrix, classes: ArrayLike<number>, rows: number): number {
  const { values, stride, columns } = logits;
  let loss = 0;
  for (let r = 0; r < rows; r++) {
    const from = r * stride;
    const end = from + columns;
    const wanted = from + classes[r]!;
    let largest = -Infinity;
    for (let k = from; k < end; k++) if (values[k]! > largest) largest = values[k]!;
    const right = values[wanted]! - largest;
    let sum = 0;
    for (let k = from; k < end; k++) sum += values[k] = Math.exp(values[k]! - largest);
    for (let k = from; k < end; k++) values[k]! /= sum * rows;
    values[wanted]! -= 1 / rows;
    loss += Math.log(sum) - right;
  }
  return loss / rows;
}
