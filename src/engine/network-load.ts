import type { SequenceRequest } from './engine-interface.ts';
import { createServiceRate } from './service-rate.ts';

// The load of one network: its sequences that are queued or running, and the steps they still need.

/** Share of the slots below which a network is not full. */
const fullShare = 0.5;
/** Weight of the latest sequence in the mean of `generatedShare`. */
const shareWeight = 0.05;

/** Weights of the latest sequence in `fewSteps`: that most need more makes it grow slowly. */
const fewerWeight = 0.2;
const moreWeight = 0.02;

/** The steps of one sequence. */
export interface StepCount {
  /** Steps of its input. */
  readonly inputSteps: number;
  /** Maximum steps: the input and the tokens that it may generate. */
  readonly maxSteps: number;
  /** Expected steps that have not run. */
  stepsLeft: number;
}

/**
 * Tracks the load of one network.
 * @param slots slots of the network in all workers together
 * @param now a monotonic clock in milliseconds
 * @param stepsRun all steps run so far, as the workers count them
 */
export function createNetworkLoad(slots: number, now: () => number, stepsRun: () => number) {
  const rate = createServiceRate(now, stepsRun);
  let sequences = 0;
  let stepsLeft = 0;
  /** Share of the tokens that generations may write and do write. */
  let generatedShare = 1;
  /** Steps that most sequences need at least. */
  let fewSteps = 0;
  const updateLevel = (): void =>
    rate.setLevel(sequences === 0 ? 'idle' : sequences < slots * fullShare ? 'light' : 'full');

  return {
    get sequences() {
      return sequences;
    },
    /** Steps that a sequence of which nothing is known yet is taken to need, rather too few than too many. */
    get assumedSteps() {
      return fewSteps;
    },
    /** @param request what it may write besides reading its input */
    estimateSteps(
      request: { readonly [field in 'generation' | 'decode']?: SequenceRequest[field] },
      inputSteps: number,
    ): StepCount {
      const maxTokens = request.generation?.maxTokens ?? request.decode?.maxLength ?? 0;
      const expected = inputSteps + Math.ceil(maxTokens * generatedShare);
      return { inputSteps, maxSteps: inputSteps + maxTokens, stepsLeft: expected };
    },
    add(sequence: StepCount): void {
      sequences++;
      stepsLeft += sequence.stepsLeft;
      const weight = fewSteps === 0 ? 1 : sequence.stepsLeft < fewSteps ? fewerWeight : moreWeight;
      fewSteps += weight * (sequence.stepsLeft - fewSteps);
      updateLevel();
    },
    remove(sequence: StepCount): void {
      sequences--;
      stepsLeft -= sequence.stepsLeft;
      updateLevel();
    },
    /** Subtracts steps that have run. */
    recordProgress(sequence: StepCount, steps: number): void {
      const done = Math.min(steps, sequence.stepsLeft);
      sequence.stepsLeft -= done;
      stepsLeft -= done;
    },
    /** Updates the measured rate; call it regularly. */
    measure: () => rate.measure(),
    /** Records a sequence that ended after `steps` steps. */
    recordResult({ inputSteps, maxSteps }: StepCount, steps: number): void {
      if (maxSteps === inputSteps) return;
      const share = Math.min(1, Math.max(0, (steps - inputSteps) / (maxSteps - inputSteps)));
      generatedShare += shareWeight * (share - generatedShare);
    },
    /** Milliseconds until all that is here now has run, null while that is not known. */
    get msUntilDone(): number | null {
      return rate.stepsPerMs === null ? null : stepsLeft / rate.stepsPerMs;
    },
    /**
     * Milliseconds that a sequence of so many steps is expected to take from now, null while that is not known. Sequences
     * share what the workers can do, so a short one does not wait until long ones are done.
     */
    msUntilAnswered(steps: number): number | null {
      const ahead = Math.min(stepsLeft, steps * sequences);
      return rate.stepsPerMs === null ? null : (ahead + steps) / rate.stepsPerMs;
    },
    /**
     * The same if each sequence that ends is replaced: those that are here have run half of their steps, so
     * that as much again will arrive.
     */
    msUnderSteadyLoad(steps: number): number | null {
      const ahead = Math.min(2 * stepsLeft, steps * sequences);
      return rate.stepsPerMs === null ? null : (ahead + steps) / rate.stepsPerMs;
    },
    /**
     * Minimum milliseconds that a sequence needs from now, with its share of the slots; 0 until the rate is
     * known.
     */
    minRemainingMs(sequence: StepCount): number {
      if (rate.stepsPerMs === null || sequences < slots * fullShare) return 0;
      return (optimism * sequence.stepsLeft * Math.min(sequences, slots)) / rate.stepsPerMs;
    },
  };
}
export type NetworkLoad = ReturnType<typeof createNetworkLoad>;

/** Share of the expected time that must still be too long for a sequence to be rejected before it starts. */
const optimism = 0.5;
