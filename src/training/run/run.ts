import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import { createKernel } from '../../cells/create-kernel.ts';
import { readSafetensors } from '../../formats/safetensors.ts';
import { modelSpec, type ModelSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import { prepareTraining } from '../data/prepare.ts';
import { createProgressReporter } from './run-progress.ts';
import { createRunState } from './run-state.ts';
import type { RunMessage, RunRequest, RunCommand } from './run-messages.ts';
import { specFile, weightsFile } from '../../model-files.ts';

// One training run from its data to its last checkpoint. The same request gives the same weights, bit for bit, whatever
// the number of threads and however often it is stopped and goes on from its last checkpoint.

export interface RunHooks {
  readonly send: (message: RunMessage) => void;
  /** What was asked of the run since it began; looked at between steps. */
  readonly command: () => RunCommand['kind'] | null;
}

/** @throws UnrollError invalid_dataset, invalid_model, diverged …; MemoryFull; what the file system throws */
export async function runTraining(request: RunRequest, { send: say, command }: RunHooks): Promise<void> {
  const { spec } = request;
  const base = request.base === null ? null : await readBase(request.base);
  const prepared = await prepareTraining(spec, request.data, request.validation, base?.model ?? null);
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: request.memoryMegabytes });
  const run = await createRunState(request, prepared, base?.weights ?? null, kernel, say);
  const progress = createProgressReporter(run.steps, say);
  const interrupted = (): boolean => command() !== null;
  say({
    kind: 'event',
    type: 'message',
    level: 'info',
    message: `${prepared.training.list.length} sequences to learn from, ${prepared.validation?.list.length ?? 0} to measure on, ${prepared.skipped} left out as longer than max_steps; ${run.parameters} parameters, ${run.steps} steps; kernel ${kernel.path}`,
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
      // also when a run that goes on was stopped before it was measured
      if (run.step > 0 && run.due() && !run.evaluated()) await run.evaluate(interrupted);
      const asked = command();
      if (asked !== null) {
        await run.checkpoint();
        return say({
          kind: 'ended',
          outcome: asked === 'pause' ? 'paused' : 'cancelled',
          step: run.step,
          best: run.best,
        });
      }
      if (run.over()) break;
      const loss = await run.advance();
      progress.stepped({ epoch: run.epoch, step: run.step, loss });
      // lets a command in
      await nextTurn();
    }
    if (!run.evaluated()) await run.evaluate(() => false);
    say({ kind: 'ended', outcome: 'succeeded', step: run.step, best: run.best });
  } finally {
    await run.close();
  }
}

async function readBase(folder: string): Promise<{ model: ModelSpec; weights: Weights }> {
  const json: unknown = JSON.parse(await readFile(join(folder, specFile), 'utf8'));
  const parsed = modelSpec.safeParse(json);
  if (!parsed.success)
    throw new UnrollError('invalid_model', `base: its model.json cannot be read: ${parsed.error.message}`, {
      field: 'base',
    });
  return {
    model: parsed.data,
    weights: readSafetensors(await readFile(join(folder, weightsFile))),
  };
}
