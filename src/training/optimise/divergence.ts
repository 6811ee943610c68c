import { UnrollError } from '../../errors.ts';
import type { Parameter } from '../../network/learning/layer.ts';

/** A run has diverged once its loss exceeds this many times its first loss + 1. */
const maxLossRatio = 1000;

const advice =
  'try a lower learning_rate, a smaller clip.norm, or a schedule with warm_up; look for outliers in the data';

/**
 * Checks that loss and gradient norm are finite and within bounds. @param first the loss of the first step
 * @throws UnrollError diverged, with the tensor, the step and remedies
 */
export function checkDivergence(
  {
    step,
    loss,
    first,
    norm,
    rate,
  }: { step: number; loss: number; first: number; norm: number; rate: number },
  parameters: readonly Parameter[],
): void {
  if (
    Number.isFinite(loss) &&
    Number.isFinite(norm) &&
    Math.abs(loss) <= maxLossRatio * (Math.abs(first) + 1)
  )
    return;
  const nonFinite =
    parameters.find(({ values }) => values.some((value) => !Number.isFinite(value))) ??
    parameters.find(({ gradient }) => gradient.some((value) => !Number.isFinite(value)));
  const where = nonFinite
    ? `${nonFinite.values.every(Number.isFinite) ? 'the gradient of ' : ''}${nonFinite.name} is not finite`
    : `the loss is ${loss.toPrecision(4)}, it was ${first.toPrecision(4)} at first`;
  throw new UnrollError(
    'diverged',
    `step ${step}: ${where} (loss ${loss.toPrecision(4)}, gradient norm ${norm.toPrecision(4)}, rate ${rate.toPrecision(4)}): ${advice}`,
    { field: 'hyperparameters.learning_rate' },
  );
}
