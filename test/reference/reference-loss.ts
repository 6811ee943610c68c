import type { Tape, Variable } from './tape.ts';
import type { LossSpec } from '../../src/training/optimise/loss.ts';

/** What a step should answer, and how much that counts. */
export type ReferenceTarget = { readonly weight: number } & (
  { readonly class: number } | { readonly values: readonly number[] }
);

type StepLoss = Exclude<LossSpec, { type: 'crf' }>;

/** Σ weight · loss, as losses/ computes it, in float64. @param logits a row a step */
export function referenceLoss(
  tape: Tape,
  spec: StepLoss,
  logits: readonly Variable[],
  targets: readonly ReferenceTarget[],
): Variable {
  return logits
    .map((row, t) => tape.scale(stepLoss(tape, spec, row, targets[t]!), targets[t]!.weight))
    .reduce(tape.add);
}

function stepLoss(tape: Tape, spec: StepLoss, y: Variable, target: ReferenceTarget): Variable {
  const width = y.values.length;
  if (spec.type === 'softmax_cross_entropy') {
    if (!('class' in target)) throw new TypeError('softmax cross-entropy needs classes');
    const { label_smoothing: smoothing } = spec;
    const wanted = Float64Array.from(
      { length: width },
      (_, k) => smoothing / width + (k === target.class ? 1 - smoothing : 0),
    );
    return tape.scale(tape.sum(tape.mul(tape.logSoftmax(y), tape.constant(wanted))), -1);
  }
  if ('class' in target) throw new TypeError(`${spec.type} needs values`);
  const mean = (of: Variable): Variable => tape.scale(tape.sum(of), 1 / width);
  if (spec.type === 'sigmoid_cross_entropy') {
    // ln(1 + eʸ) − t·y
    const softplus = tape.log(tape.add(tape.exp(y), tape.constant(new Float64Array(width).fill(1))));
    return mean(tape.sub(softplus, tape.mul(y, tape.constant(target.values))));
  }
  const gap = tape.sub(y, tape.constant(target.values));
  if (spec.type === 'mean_squared') return mean(tape.mul(gap, gap));
  if (spec.type === 'mean_absolute') return mean(tape.map(gap, Math.abs, Math.sign));
  const { delta } = spec;
  return mean(
    tape.map(
      gap,
      (d) => (Math.abs(d) <= delta ? 0.5 * d * d : delta * (Math.abs(d) - 0.5 * delta)),
      (d) => Math.max(-delta, Math.min(delta, d)),
    ),
  );
}
