import type { SequenceRequest } from './engine-interface.ts';
import { createServiceRate } from './service-rate.ts';

// What one network has to do: its sequences that are queued or running, and the steps they still need.

/** Of the slots: with fewer sequences a network is not full, whatever they ask for. */
const fullShare = 0.5;
const shareWeight = 0.05;

/** What is known of one sequence's steps. */
export interface StepCount {
  /** Steps of its input. */
  readonly inputSteps: number;
  /** Most steps that it can need: the input and what it may generate. */
  readonly maxSteps: number;
  /** Expected steps that have not been run. */
  stepsLeft: number;
}

/**
 * @param slots of all workers together
 * @param stepsRun all steps run so far, as the workers count them
 */
export function createNetworkLoad(slots: number, now: () => number, stepsRun: () => number) {
  const rate = createServiceRate(now, stepsRun);
  let sequences = 0;
  let stepsLeft = 0;
  /** Share of the tokens that generations may write and do write. */
  let generatedShare = 1;
  /** Steps that a sequence usually needs. */
  let usualSteps = 0;
  const updateLevel = (): void =>
    rate.setLevel(sequences === 0 ? 'idle' : sequences < slots * fullShare ? 'light' : 'full');

  return {
    get sequences() {
      return sequences;
    },
    /** Steps that a sequence of which nothing is known yet is taken to need, rather too few than too many. */
    get assumedSteps() {
      return usualSteps / 2;
    },
    estimateSteps(request: SequenceRequest, inputSteps: number): StepCount {
      const most = request.generation?.maxTokens ?? request.decode?.maxLength ?? 0;
      const expected = inputSteps + Math.ceil(most * generatedShare);
      return { inputSteps, maxSteps: inputSteps + most, stepsLeft: expected };
    },
    add(sequence: StepCount): void {
      sequences++;
      stepsLeft += sequence.stepsLeft;
      usualSteps += (usualSteps === 0 ? 1 : shareWeight) * (sequence.stepsLeft - usualSteps);
      updateLevel();
    },
    remove(sequence: StepCount): void {
      sequences--;
      stepsLeft -= sequence.stepsLeft;
      updateLevel();
    },
    /** Steps of a sequence were run. */
    recordProgress(sequence: StepCount, steps: number): void {
      const done = Math.min(steps, sequence.stepsLeft);
      sequence.stepsLeft -= done;
      stepsLeft -= done;
    },
    /** Call it now and then. */
    measure: () => rate.measure(),
    /** A sequence was answered after `steps` in all. */
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
    /** Milliseconds that it would take with all slots taken and none waiting. */
    msWithAllSlots(steps: number): number | null {
      return rate.stepsPerMs === null ? null : (steps * slots) / rate.stepsPerMs;
    },
    /** Milliseconds that a sequence needs at least from now, with its share of the slots; 0 while that is not known. */
    minRemainingMs(sequence: StepCount): number {
      if (rate.stepsPerMs === null || sequences < slots * fullShare) return 0;
      return (optimism * sequence.stepsLeft * Math.min(sequences, slots)) / rate.stepsPerMs;
    },
  };
}
export type NetworkLoad = ReturnType<typeof createNetworkLoad>;

/** A sequence is only given up before it begins when even this much of its expected time is too long. */
const optimism = 0.5;
