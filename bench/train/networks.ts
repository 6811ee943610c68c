// The two networks that are trained side by side. Every contender starts from its own random weights: what is
// timed does not depend on them, and each must make its loss fall.

export interface TrainingCase {
  readonly name: string;
  readonly kind: 'classifier' | 'language-model';
  readonly units: number;
}

export const batch = 32;
export const steps = 50;
export const vocabulary = 256;
export const embedding = 64;
export const classes = 10;

export const trainingCases: readonly TrainingCase[] = [128, 256, 512].flatMap((units) =>
  (['classifier', 'language-model'] as const).map((kind) => ({ name: `${kind} ${units}`, kind, units })),
);

/** Floating-point operations of one step of training: forward, and twice as much for the two gradients. */
export function operations({ kind, units }: TrainingCase): number {
  const recurrent = 2 * 4 * units * (embedding + units) * batch * steps;
  const out = kind === 'classifier' ? 2 * units * classes * batch : 2 * units * vocabulary * batch * steps;
  return 3 * (recurrent + out);
}

/** The same ids and targets for all contenders, from a linear congruential generator. */
export function inputs(kind: TrainingCase['kind']): { ids: Int32Array; targets: Int32Array } {
  let state = 1;
  const draw = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const ids = Int32Array.from({ length: batch * steps }, () => draw(vocabulary));
  const count = kind === 'classifier' ? batch : batch * steps;
  return {
    ids,
    targets: Int32Array.from({ length: count }, () => draw(kind === 'classifier' ? classes : vocabulary)),
  };
}
