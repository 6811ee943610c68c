import { setImmediate as nextTurn } from 'node:timers/promises';
import { createKernel } from '../../cells/create-kernel.ts';
import { prepareTraining } from '../data/prepare.ts';
import { readBase } from './read-base.ts';
import { createProgressReporter } from './run-progress.ts';
import { createRunState } from './run-state.ts';
import type { RunMessage, RunRequest, RunCommand } from './run-messages.ts';

// A training run from its data to its last checkpoint. The same request gives bit-identical weights, whatever
// the number of threads and however often it is stopped and resumed.

export interface RunHooks {
  readonly send: (message: RunMessage) => void;
  /** The command received since the start, or null; read between steps. */
  readonly command: () => RunCommand['kind'] | null;
}

/**
 * Runs a training job.
 * @throws UnrollError invalid_dataset, invalid_model, diverged …; MemoryFull; errors of the file system
 */
export async function runTraining(request: RunRequest, { send, command }: RunHooks): Promise<void> {
  const { spec } = request;
  const base = request.base === null ? null : await readBase(request.base);
  const prepared = await prepareTraining(spec, request.data, request.validation, base?.model ?? null);
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: request.memoryMegabytes });
  const run = await createRunState(request, prepared, base?.weights ?? null, kernel, send);
  const progress = createProgressReporter(run.steps, send);
  const interrupted = (): boolean => command() !== null;
  send({
    kind: 'event',
    type: 'message',
    level: 'info',
    message: `${prepared.training.list.length} training sequences, ${prepared.validation?.list.length ?? 0} validation sequences, ${prepared.skipped} skipped as longer than max_steps; ${run.parameters} parameters, ${run.steps} steps; kernel ${kernel.path}`,
    step: run.step,
    data: {
      parameters: run.parameters,
      sequences: prepared.training.list.length,
      validation: prepared.validation?.list.length ?? 0,
      left_out: prepared.skipped,
    },
  });
  try {
    for (;;) {
      // also for a resumed run that was stopped before it was evaluated
      if (run.step > 0 && run.isEvaluationDue() && !run.isEvaluated()) await run.evaluate(interrupted);
      const requested = command();
      if (requested !== null) {
        await run.checkpoint();
        return send({
          kind: 'ended',
          outcome: requested === 'pause' ? 'paused' : 'cancelled',
          step: run.step,
          best: run.best,
        });
      }
      if (run.isFinished()) break;
      const loss = await run.advance();
      progress.stepped({ epoch: run.epoch, step: run.step, loss });
      // lets commands arrive
      await nextTurn();
    }
    if (!run.isEvaluated()) await run.evaluate(() => false);
    send({ kind: 'ended', outcome: 'succeeded', step: run.step, best: run.best });
  } finally {
    await run.close();
  }
}
