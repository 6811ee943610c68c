import { readCrfPotentials } from '../../decoding/crf/read-potentials.ts';
import { logSoftmax } from '../../kernel/reference/softmax.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import { padded } from '../../kernel/layout.ts';
import type { Precision } from '../../kernel/precision.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { Weights } from '../../network/weights.ts';
import type { Batch } from '../batch.ts';
import type { Batches } from '../data/epoch-batches.ts';
import { createMetrics } from '../optimise/metrics/create-metrics.ts';
import { createServedLogits } from './served-logits.ts';

/**
 * Computes a model's metrics over batches as it is served with weights of a precision.
 * @param model whose metrics are those of training, with the cross-entropy as the loss where it has classes
 * @throws UnrollError invalid_model, invalid_weights, out_of_memory
 */
export function measureServed(
  kernel: Kernel,
  { model, weights, precision }: { model: ModelSpec; weights: Weights; precision: Precision },
  batches: Batches,
): Record<string, number> {
  const chain = readCrfPotentials(model.network, weights)?.crf ?? null;
  const served = createServedLogits(kernel, { network: model.network, weights, precision }, batches);
  try {
    const run = createMetrics(model).start(chain);
    for (const one of batches.epoch(0)) {
      const batch = batches.batch(one);
      const values = served.logits(batch);
      run.addLogits({ address: 0, values }, served.width, batch);
      run.addLoss(crossEntropy(values, served.width, batch));
    }
    const { loss, ...metrics } = run.results().metrics;
    return chain || Number.isNaN(loss) ? metrics : { loss: loss!, ...metrics };
  } finally {
    served.free();
  }
}

/** Σ weight · −log softmax(logits)[class] of a batch; NaN where its targets are no classes. */
function crossEntropy(logits: Float32Array, width: number, { targets: { weights, classes } }: Batch): number {
  if (!classes) return NaN;
  let loss = 0;
  weights.forEach((weight, at) => {
    if (weight === 0) return;
    const row = logits.subarray(at * padded(width), at * padded(width) + width);
    loss -= weight * logSoftmax(row)[classes[at]!]!;
  });
  return loss;
}
