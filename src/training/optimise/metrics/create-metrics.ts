import { padded } from '../../../kernel/emit/emitter.ts';
import type { Crf } from '../../../decoding/crf/potentials.ts';
import { createViterbi } from '../../../decoding/crf/viterbi.ts';
import type { ModelSpec } from '../../../network/spec.ts';
import type { Plan } from '../../../network/layers/layer.ts';
import type { Batch } from '../../batch.ts';
import { forEachStep } from '../../data/pack-batch.ts';
import type { Block } from '../../../network/learning/layer.ts';
import { createSpanCounter, extractSpans } from './spans.ts';

/** One pass over the validation data. */
export interface MetricsRun {
  /** The logits of a batch [packed, padded(width)], before the loss is taken of them. */
  addLogits(logits: Block, width: number, batch: Batch): void;
  /** The loss of that batch. */
  addLoss(loss: number): void;
  results(): { metrics: Record<string, number>; score: number };
}

export interface Metrics {
  readonly lowerIsBetter: boolean;
  /** @param chain what answers for a sequence's labels together, where the network ends in a crf */
  start(chain?: Crf | null): MetricsRun;
}

/** What is measured besides the loss, by task, and which of it tells the best weights. */
export function createMetrics(model: ModelSpec): Metrics {
  const lowerIsBetter = model.task !== 'classify' && model.task !== 'tag';
  return {
    lowerIsBetter,
    start(chain = null) {
      const measure = measureOf(model, chain);
      let judged = 0;
      let inBatch = 0;
      let total = 0;
      return {
        addLogits(logits, width, batch) {
          inBatch = batch.targets.weights.reduce((count, weight) => count + (weight > 0 ? 1 : 0), 0);
          judged += inBatch;
          measure.see(logits.values, width, batch);
        },
        addLoss(loss) {
          // a batch's loss is a mean over the steps it judges
          total += loss * inBatch;
        },
        results() {
          const loss = total / judged;
          const metrics = { loss, ...measure.metrics(loss) };
          return { metrics, score: measure.score(metrics) };
        },
      };
    },
  };
}

interface Measure {
  see(logits: Float32Array, width: number, batch: Batch): void;
  metrics(loss: number): Record<string, number>;
  score(metrics: Record<string, number>): number;
}

function measureOf(model: ModelSpec, chain: Crf | null): Measure {
  switch (model.task) {
    case 'classify':
      return model.outputs.multiLabel ? multiLabel() : classAccuracy('accuracy');
    case 'tag':
      return tagging(model.outputs.labels ?? [], chain);
    case 'generate': {
      const characters = model.inputs.kind === 'text' && model.inputs.vocabulary === 'characters';
      return {
        see() {},
        metrics: (loss) => ({
          perplexity: Math.exp(loss),
          [characters ? 'bits_per_character' : 'bits_per_token']: loss / Math.LN2,
        }),
        score: ({ loss }) => loss!,
      };
    }
    case 'decode':
      return decoding();
    case 'predict':
      return distance(model.outputs.units ?? []);
  }
}

function classAccuracy(name: string): Measure {
  let right = 0;
  let count = 0;
  return {
    see(logits, width, { targets: { classes, weights } }) {
      const stride = padded(width);
      weights.forEach((weight, row) => {
        if (weight === 0) return;
        count++;
        if (largest(logits, row * stride, width) === classes![row]) right++;
      });
    },
    metrics: () => ({ [name]: right / count }),
    score: (metrics) => metrics[name]!,
  };
}

/** A label holds where its sigmoid is above a half. */
function multiLabel(): Measure {
  const counts = { hit: 0, wrong: 0, missed: 0, exact: 0, all: 0 };
  return {
    see(logits, width, { targets: { values, weights } }) {
      const stride = padded(width);
      weights.forEach((weight, row) => {
        if (weight === 0) return;
        let exact = true;
        for (let k = 0; k < width; k++) {
          const said = logits[row * stride + k]! > 0;
          const holds = values![row * width + k]! > 0.5;
          if (said && holds) counts.hit++;
          else if (said) counts.wrong++;
          else if (holds) counts.missed++;
          exact &&= said === holds;
        }
        counts.all++;
        if (exact) counts.exact++;
      });
    },
    metrics: () => ({
      accuracy: counts.exact / counts.all,
      f1: (2 * counts.hit) / Math.max(1, 2 * counts.hit + counts.wrong + counts.missed),
    }),
    score: ({ f1 }) => f1!,
  };
}

/** Accuracy of tokens; where labels mark spans as B-x, I-x and O, the F1 of whole spans. */
function tagging(labels: readonly string[], chain: Crf | null): Measure {
  let right = 0;
  let count = 0;
  const spans = createSpanCounter();
  const marked = labels.includes('O') && labels.every((label) => label === 'O' || /^[BI]-/.test(label));
  return {
    see(logits, width, { plan, targets: { classes, weights } }) {
      const said = chain ? likeliest(chain, logits, plan) : null;
      const rows = plan.offsets[1] ?? 0;
      const saidNames = Array.from({ length: rows }, (): string[] => []);
      const heldNames = Array.from({ length: rows }, (): string[] => []);
      forEachStep(plan, (row, _, at) => {
        const best = said ? said[at]! : largest(logits, at * padded(width), width);
        if (weights[at]! > 0) {
          count++;
          if (best === classes![at]) right++;
        }
        saidNames[row]!.push(labels[best]!);
        heldNames[row]!.push(labels[classes![at]!]!);
      });
      if (marked)
        saidNames.forEach((one, row) => spans.add(extractSpans(one), extractSpans(heldNames[row]!)));
    },
    metrics: () => ({ token_accuracy: right / count, ...(marked && { span_f1: spans.f1() }) }),
    score: (metrics) => metrics['span_f1'] ?? metrics['token_accuracy']!,
  };
}

/** The labels of all sequences that a chain finds likeliest, packed as the logits are. */
function likeliest(chain: Crf, logits: Float32Array, plan: Plan): Int32Array {
  const ways = Array.from({ length: plan.offsets[1] ?? 0 }, () => createViterbi(chain));
  forEachStep(plan, (row, _, at) => {
    const first = at * padded(chain.labels);
    ways[row]!.push(logits.subarray(first, first + chain.labels));
  });
  const paths = ways.map((way) => way.labels());
  const said = new Int32Array(plan.offsets[plan.steps]!);
  forEachStep(plan, (row, t, at) => (said[at] = paths[row]![t]!));
  return said;
}

/** On the right inputs: accuracy of tokens, and the share of sequences with any wrong one. */
function decoding(): Measure {
  const accuracy = classAccuracy('token_accuracy');
  let sequences = 0;
  let wrong = 0;
  return {
    see(logits, width, batch) {
      accuracy.see(logits, width, batch);
      const failed = new Set<number>();
      forEachStep(batch.plan, (row, _, at) => {
        if (largest(logits, at * padded(width), width) !== batch.targets.classes![at]) failed.add(row);
      });
      sequences += batch.plan.offsets[1] ?? 0;
      wrong += failed.size;
    },
    metrics: (loss) => ({
      ...accuracy.metrics(loss),
      perplexity: Math.exp(loss),
      sequence_error_rate: wrong / sequences,
    }),
    score: ({ loss }) => loss!,
  };
}

/** In the units of the data. */
function distance(units: readonly { scale: number }[]): Measure {
  let squares = 0;
  let absolute = 0;
  let count = 0;
  return {
    see(logits, width, { targets: { values, weights } }) {
      const stride = padded(width);
      weights.forEach((weight, row) => {
        if (weight === 0) return;
        for (let k = 0; k < width; k++) {
          const gap = (logits[row * stride + k]! - values![row * width + k]!) * (units[k]?.scale ?? 1);
          squares += gap * gap;
          absolute += Math.abs(gap);
          count++;
        }
      });
    },
    metrics: () => ({ rmse: Math.sqrt(squares / count), mae: absolute / count }),
    score: ({ rmse }) => rmse!,
  };
}

/** Index of the first of the largest values. */
function largest(values: Float32Array, from: number, width: number): number {
  let best = 0;
  for (let k = 1; k < width; k++) if (values[from + k]! > values[from + best]!) best = k;
  return best;
}
