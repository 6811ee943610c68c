import { z } from 'zod';

const warmUp = z
  .number()
  .min(0)
  .lt(1)
  .default(0)
  .describe('Share of the run over which the rate rises from 0');
/**
 * Factors of the learning rate over a run. It rises linearly from 0 over the first `warm_up` share of the
 * run.
 */
export const scheduleSpec = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('constant').describe('The learning rate as it is'), warm_up: warmUp }),
  z.strictObject({
    type: z.literal('step').describe('Falls by a factor at even times'),
    every: z.number().gt(0).max(1).describe('Share of the run after which it falls, again and again'),
    gamma: z.number().gt(0).max(1).default(0.1).describe('The factor'),
    warm_up: warmUp,
  }),
  z.strictObject({
    type: z.literal('cosine').describe('Falls in half a cosine'),
    floor: z.number().min(0).max(1).default(0).describe('Share of the learning rate at the end'),
    warm_up: warmUp,
  }),
  z.strictObject({
    type: z.literal('one_cycle').describe('Rises to the learning rate and falls, in cosines'),
    peak_at: z.number().gt(0).lt(1).default(0.3).describe('Share of the run at which it is highest'),
  }),
  z.strictObject({
    type: z.literal('plateau').describe('Falls by a factor when the score gets no better'),
    factor: z.number().gt(0).lt(1).default(0.5).describe('The factor'),
    patience: z.int().min(1).default(2).describe('Evaluations in a row without a better score'),
    floor: z.number().min(0).max(1).default(0.001).describe('Least share of the learning rate'),
    warm_up: warmUp,
  }),
]);
export type ScheduleSpec = z.infer<typeof scheduleSpec>;

/**
 * Linear warm-up over the first `warmUp` share, then half a cosine down to `floor`.
 * @param progress share of the training that is done, 0 … 1
 */
function warmUpCosine(
  progress: number,
  { peak, floor = 0, warmUp = 0.02 }: { peak: number; floor?: number; warmUp?: number },
): number {
  if (progress < warmUp) return (peak * progress) / warmUp;
  const down = Math.min(1, (progress - warmUp) / (1 - warmUp));
  return floor + ((peak - floor) * (1 + Math.cos(Math.PI * down))) / 2;
}

/** The learning rate of every step of a run, a function of the step and `state`. */
export interface Schedule {
  rate(step: number, base: number): number;
  /** Records the score of an evaluation. */
  record(score: number, lowerIsBetter: boolean): void;
  state(): { factor: number; best: number | null; worse: number };
  restore(state: ReturnType<Schedule['state']>): void;
}

/** @param steps of the whole run */
export function createSchedule(spec: ScheduleSpec, steps: number): Schedule {
  let state: ReturnType<Schedule['state']> = { factor: 1, best: null, worse: 0 };
  return {
    rate: (step, base) => base * factorAt(spec, step / steps, state.factor),
    record(score, lowerIsBetter) {
      if (spec.type !== 'plateau') return;
      const loss = lowerIsBetter ? score : -score;
      if (Number.isFinite(loss) && loss < (state.best ?? Infinity))
        state = { ...state, best: loss, worse: 0 };
      else if (state.worse + 1 < spec.patience) state = { ...state, worse: state.worse + 1 };
      else state = { ...state, worse: 0, factor: Math.max(spec.floor, state.factor * spec.factor) };
    },
    state: () => state,
    restore(saved) {
      state = saved;
    },
  };
}

/** @param progress share of the run that is done */
function factorAt(spec: ScheduleSpec, progress: number, plateau: number): number {
  if (spec.type === 'one_cycle') {
    // up and down in cosines, from 1/25 to 1 and on to 1/10000 of that start (Smith 2018)
    const { peak_at: peak } = spec;
    const ease = (from: number, to: number, share: number): number =>
      to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(1, share)))) / 2;
    return progress < peak ? ease(0.04, 1, progress / peak) : ease(1, 4e-6, (progress - peak) / (1 - peak));
  }
  const { warm_up: warm } = spec;
  if (progress < warm) return progress / warm;
  if (spec.type === 'cosine') return warmUpCosine(progress, { peak: 1, floor: spec.floor, warmUp: warm });
  if (spec.type === 'step') return spec.gamma ** Math.floor(progress / spec.every + 1e-9);
  return spec.type === 'plateau' ? plateau : 1;
}
