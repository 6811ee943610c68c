import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '../src/formats/safetensors.ts';
import { createKernel } from '../src/cells/create-kernel.ts';
import { modelSpec } from '../src/network/spec.ts';
import { createBatches } from '../src/training/data/batches.ts';
import { prepareTraining } from '../src/training/data/prepare.ts';
import { createLearner } from '../src/training/learner.ts';
import { createMetrics } from '../src/training/optimise/metrics/create-metrics.ts';
import { resolveLoss } from '../src/training/optimise/task-loss.ts';
import { trainingSpec } from '../src/training/training-spec.ts';
import type { Upload } from './example.ts';

/**
 * Computes a model folder's metrics on held-out records with teacher forcing, which the API does not report.
 * @param rows parts of a text that are read side by side
 */
export async function measureModel(folder: string, held: Upload, rows = 1): Promise<Record<string, number>> {
  const model = modelSpec.parse(JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')));
  const weights = readSafetensors(readFileSync(join(folder, 'weights.safetensors')));
  const aside = mkdtempSync(join(tmpdir(), 'unroll-measure-'));
  try {
    const path = join(aside, 'held-out');
    writeFileSync(path, held.text);
    const spec = trainingSpec.parse({
      model: model.name,
      task: model.task,
      base: model.name,
      data: { dataset: 'held-out' },
      validation: { share: 0 },
      hyperparameters: { max_steps: 65_536 },
    });
    const format = held.type === 'text/plain' ? 'text' : held.type === 'text/csv' ? 'csv' : 'jsonl';
    const { training, input, source } = await prepareTraining(spec, { path, format }, null, model);
    const batches = createBatches(training, { batchSize: rows, seed: 0, shards: 1, shuffle: false });
    const learner = createLearner(createKernel({ mode: 'auto', memoryMegabytes: 1024 }), model.network, {
      input,
      ...(source && { source }),
      capacity: batches.capacity,
      ...(batches.sourceCapacity && { sourceCapacity: batches.sourceCapacity }),
      loss: resolveLoss(spec, model),
    });
    learner.load(weights);
    const metrics = createMetrics(model).start(learner.chain);
    for (const one of batches.epoch(0)) {
      if (!batches.carriesState) learner.reset();
      const batch = batches.batch(one);
      metrics.addLoss(learner.measure(batch, (logits, width) => metrics.addLogits(logits, width, batch)));
    }
    return metrics.results().metrics;
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}
