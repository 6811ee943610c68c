import type { ServedModel } from '../../../repository/repository-interface.ts';
import type { TaskResult } from '../../../tasks/task-result.ts';

/** The fields that every task's reply begins with. */
export interface ReplyHead {
  readonly model: string;
  readonly version: number;
  readonly usage: {
    readonly steps: number;
    readonly reused_steps?: number;
    readonly unknown: number;
    readonly queued_ms: number;
    readonly run_ms: number;
  };
}

const toHundredths = (ms: number): number => Math.round(ms * 100) / 100;

export const toReplyHead = (
  { name, version }: Pick<ServedModel, 'name' | 'version'>,
  { usage: { steps, reusedSteps, unknown, queuedMs, runMs } }: TaskResult,
): ReplyHead => ({
  model: name,
  version,
  usage: {
    steps,
    ...(reusedSteps > 0 && { reused_steps: reusedSteps }),
    unknown,
    queued_ms: toHundredths(queuedMs),
    run_ms: toHundredths(runMs),
  },
});
