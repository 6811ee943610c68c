import { padded } from '../../../kernel/layout.ts';
import type { Crf } from '../../../decoding/crf/potentials.ts';
import { createViterbi } from '../../../decoding/crf/viterbi.ts';
import type { ModelSpec } from '../../../network/spec.ts';
import type { Plan } from '../../../network/layers/layer.ts';
import type { Batch } from '../../batch.ts';
import { forEachStep } from '../../data/pack-batch.ts';
import type { Block } from '../../../network/learning/layer.ts';
import { createSpanCounter, extractSpans } from './spans.ts';

/** Accumulates the metrics of one pass over the validation data. */
export interface MetricsRun {
  /** Adds the logits of a batch [packed, padded(width)], before the loss overwrites them. */
  addLogits(logits: Block, width: number, batch: Batch): void;
  /** Adds the loss of the same batch. */
  addLoss(loss: number): void;
  /** The score is the metric of that name. */
  results(): { metrics: Record<string, number>; score: number; scoreName: string };
}

export interface Metrics {
  readonly lowerIsBetter: boolean;
  /** @param chain the crf that the network ends in, or null */
  start(chain?: Crf | null): MetricsRun;
}

/** Creates the metrics of a model's task, with the score that selects the best checkpoint. */
export function createMetrics(model: ModelSpec): Metrics {
  const lowerIsBetter = model.task !== 'classify' && model.task !== 'tag';
  return {
    lowerIsBetter,
    start(chain = null) {
      const measure = createMeasure(model, chain);
      let totalCount = 0;
      let batchCount = 0;
      let total = 0;
      return {
        addLogits(logits, width, batch) {
          batchCount = batch.targets.weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
          totalCount += batchCount;
          measure.addLogits(logits.values, width, batch);
        },
        addLoss(loss) {
          // a batch's loss is the mean over its steps with a target
          total += loss * batchCount;
        },
        results() {
          const loss = total / totalCount;
          const metrics: Record<string, number> = { loss, ...measure.metrics(loss) };
          const { scoreName } = measure;
          return { metrics, score: metrics[scoreName]!, scoreName };
        },
      };
    },
  };
}

interface Measure {
  addLogits(logits: Float32Array, width: number, batch: Batch): void;
  metrics(loss: number): Record<string, number>;
  readonly scoreName: string;
}

function createMeasure(model: ModelSpec, chain: Crf | null): Measure {
  switch (model.task) {
    case 'classify':
      return model.outputs.multiLabel ? multiLabel() : classAccuracy('accuracy');
    case 'tag':
      return tagging(model.outputs.labels ?? [], chain);
    case 'generate': {
      const characters = model.inputs.kind === 'text' && model.inputs.vocabulary === 'characters';
      return {
        addLogits() {},
        metrics: (loss) => ({
          perplexity: Math.exp(loss),
          [characters ? 'bits_per_character' : 'bits_per_token']: loss / Math.LN2,
        }),
        scoreName: 'loss',
      };
    }
    case 'decode':
      return decoding();
    case 'predict':
      return distance(model.outputs.units ?? []);
  }
}

function classAccuracy(name: string): Measure {
  let correct = 0;
  let count = 0;
  return {
    addLogits(logits, width, { targets: { classes, weights } }) {
      const stride = padded(width);
      weights.forEach((weight, row) => {
        if (weight === 0) return;
        count++;
        if (findLargest(logits, row * stride, width) === classes![row]) correct++;
      });
    },
    metrics: () => ({ [name]: correct / count }),
    scoreName: name,
  };
}

/** A label is predicted if its sigmoid is above a half. */
function multiLabel(): Measure {
  const counts = { hit: 0, wrong: 0, missed: 0, exact: 0, all: 0 };
  return {
    addLogits(logits, width, { targets: { values, weights } }) {
      const stride = padded(width);
      weights.forEach((weight, row) => {
        if (weight === 0) return;
        let exact = true;
        for (let k = 0; k < width; k++) {
          const predicted = logits[row * stride + k]! > 0;
          const actual = values![row * width + k]! > 0.5;
          if (predicted && actual) counts.hit++;
          else if (predicted) counts.wrong++;
          else if (actual) counts.missed++;
          exact &&= predicted === actual;
        }
        counts.all++;
        if (exact) counts.exact++;
      });
    },
    metrics: () => ({
      accuracy: counts.exact / counts.all,
      f1: (2 * counts.hit) / Math.max(1, 2 * counts.hit + counts.wrong + counts.missed),
    }),
    scoreName: 'f1',
  };
}

/** Accuracy of tokens, and the F1 of whole spans if the labels are B-x, I-x and O. */
function tagging(labels: readonly string[], chain: Crf | null): Measure {
  let correct = 0;
  let count = 0;
  const spans = createSpanCounter();
  const hasSpans = labels.includes('O') && labels.every((label) => label === 'O' || /^[BI]-/.test(label));
  return {
    addLogits(logits, width, { plan, targets: { classes, weights } }) {
      const predicted = chain ? decodeLabels(chain, logits, plan) : null;
      const rows = plan.offsets[1] ?? 0;
      const predictedNames = Array.from({ length: rows }, (): string[] => []);
      const actualNames = Array.from({ length: rows }, (): string[] => []);
      forEachStep(plan, (row, _, at) => {
        const best = predicted ? predicted[at]! : findLargest(logits, at * padded(width), width);
        if (weights[at]! > 0) {
          count++;
          if (best === classes![at]) correct++;
        }
        predictedNames[row]!.push(labels[best]!);
        actualNames[row]!.push(labels[classes![at]!]!);
      });
      if (hasSpans)
        predictedNames.forEach((one, row) => spans.add(extractSpans(one), extractSpans(actualNames[row]!)));
    },
    metrics: () => ({ token_accuracy: correct / count, ...(hasSpans && { span_f1: spans.f1() }) }),
    scoreName: hasSpans ? 'span_f1' : 'token_accuracy',
  };
}

/** The most probable labels of all sequences by the crf, in packed order. */
function decodeLabels(chain: Crf, logits: Float32Array, plan: Plan): Int32Array {
  const decoders = Array.from({ length: plan.offsets[1] ?? 0 }, () => createViterbi(chain));
  forEachStep(plan, (row, _, at) => {
    const first = at * padded(chain.labels);
    decoders[row]!.push(logits.subarray(first, first + chain.labels));
  });
  const paths = decoders.map((decoder) => decoder.labels());
  const predicted = new Int32Array(plan.offsets[plan.steps]!);
  forEachStep(plan, (row, t, at) => (predicted[at] = paths[row]![t]!));
  return predicted;
}

/** With the correct inputs: accuracy of tokens, and the share of sequences with any wrong token. */
function decoding(): Measure {
  const accuracy = classAccuracy('token_accuracy');
  let sequences = 0;
  let wrong = 0;
  return {
    addLogits(logits, width, batch) {
      accuracy.addLogits(logits, width, batch);
      const failed = new Set<number>();
      forEachStep(batch.plan, (row, _, at) => {
        if (findLargest(logits, at * padded(width), width) !== batch.targets.classes![at]) failed.add(row);
      });
      sequences += batch.plan.offsets[1] ?? 0;
      wrong += failed.size;
    },
    metrics: (loss) => ({
      ...accuracy.metrics(loss),
      perplexity: Math.exp(loss),
      sequence_error_rate: wrong / sequences,
    }),
    scoreName: 'loss',
  };
}

/** Errors in the units of the data. */
function distance(units: readonly { scale: number }[]): Measure {
  let squares = 0;
  let absolute = 0;
  let count = 0;
  return {
    addLogits(logits, width, { targets: { values, weights } }) {
      const stride = padded(width);
      weights.forEach((weight, row) => {
        if (weight === 0) return;
        for (let k = 0; k < width; k++) {
          const difference = (logits[row * stride + k]! - values![row * width + k]!) * (units[k]?.scale ?? 1);
          squares += difference * difference;
          absolute += Math.abs(difference);
          count++;
        }
      });
    },
    metrics: () => ({ rmse: Math.sqrt(squares / count), mae: absolute / count }),
    scoreName: 'rmse',
  };
}

/** Index of the first of the largest values. */
function findLargest(values: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let k = 1; k < width; k++) if (values[from + k]! > values[from + best]!) best = k;
  return best;
}
