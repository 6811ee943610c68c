import { createKernel } from '../../cells/create-kernel.ts';
import { UnrollError } from '../../errors.ts';
import { prepareTraining } from '../data/prepare.ts';
import { createLearner } from '../learner.ts';
import { createMetrics } from '../optimise/metrics/create-metrics.ts';
import { resolveLoss } from '../optimise/task-loss.ts';
import { createValidationBatches, measureValidation } from './measure-validation.ts';
import { readBase } from './read-base.ts';
import type { RunRequest } from './run-messages.ts';

// Measures two models on the same validation data, which each reads with its own vocabulary, labels and scales.

export interface MeasureRequest extends Pick<RunRequest, 'spec' | 'data' | 'validation' | 'memoryMegabytes'> {
  /** Folders with model.json and weights.safetensors. */
  readonly next: string;
  readonly current: string;
}

export interface Measurement {
  readonly score: number;
  readonly loss: number;
}

export interface MeasuredModels {
  readonly next: Measurement;
  readonly current: Measurement;
  readonly lowerIsBetter: boolean;
  /** What the score is, as it is named in a job's metrics. */
  readonly metric: string;
}

/** @throws UnrollError with the reason why they cannot be compared; MemoryFull; errors of the file system */
export async function measureModels(request: MeasureRequest): Promise<MeasuredModels> {
  const next = await measureModel(request, request.next);
  const current = await measureModel(request, request.current);
  // a perplexity is of tokens: with others, or more unknown ones, it is another quantity
  if (next.tokens !== current.tokens)
    throw new UnrollError(
      'invalid_model',
      'its vocabulary differs: a loss over other tokens cannot be compared',
    );
  if (next.lines !== current.lines)
    throw new UnrollError('invalid_dataset', 'it cannot read all of the same validation sequences');
  const { lowerIsBetter, metric } = next;
  return { next: next.measurement, current: current.measurement, lowerIsBetter, metric };
}

async function measureModel(
  { spec, data, validation, memoryMegabytes }: MeasureRequest,
  folder: string,
): Promise<{
  measurement: Measurement;
  lowerIsBetter: boolean;
  metric: string;
  /** The tokens that are predicted; empty for other tasks. */
  tokens: string;
  /** The validation sequences that it has read. */
  lines: string;
}> {
  const base = await readBase(folder);
  const asBase = { ...spec, network: undefined, base: folder, frozen: [] };
  const prepared = await prepareTraining(asBase, data, validation, base.model);
  if (!prepared.validation) throw new UnrollError('invalid_dataset', 'the job has no validation data');
  const { model, input, source } = prepared;
  const batches = createValidationBatches(prepared.validation, spec);
  const kernel = createKernel({ mode: 'auto', memoryMegabytes });
  const learner = createLearner(kernel, model.network, {
    input,
    ...(source && { source }),
    capacity: batches.capacity,
    ...(batches.sourceCapacity && { sourceCapacity: batches.sourceCapacity }),
    loss: resolveLoss(spec, model),
  });
  learner.load(base.weights);
  const metrics = createMetrics(model);
  const results = (await measureValidation(learner, batches, metrics.start(learner.chain), () => false))!;
  return {
    measurement: { score: results.score, loss: results.metrics['loss']! },
    lowerIsBetter: metrics.lowerIsBetter,
    metric: `validation_${results.scoreName}`,
    tokens: predictedTokens(model),
    lines: prepared.validation.list.map(({ line }) => line).join(),
  };
}

function predictedTokens({ task, inputs, outputs }: Awaited<ReturnType<typeof readBase>>['model']): string {
  const text = task === 'generate' ? inputs : task === 'decode' ? outputs.vocabulary : undefined;
  return text?.kind === 'text' ? JSON.stringify(text.tokens) : '';
}
