import { describe, expect, it } from 'vitest';
import { padded } from '../../../../src/kernel/layout.ts';
import { modelSpec, type ModelSpec } from '../../../../src/network/spec.ts';
import type { Batch } from '../../../../src/training/batch.ts';
import type { Block } from '../../../../src/network/learning/layer.ts';
import { createMetrics } from '../../../../src/training/optimise/metrics/create-metrics.ts';
import { editDistance } from '../../../../examples/pronounce/edit-distance.ts';
import { extractSpans } from '../../../../src/training/optimise/metrics/spans.ts';
import { createPlan } from '../../../../src/training/plan.ts';

const createModel = (task: string, outputs: Record<string, unknown>): ModelSpec =>
  modelSpec.parse({
    schema: 1,
    name: 'm',
    task,
    inputs: { kind: 'text', vocabulary: 'characters', tokens: ['a', 'b'] },
    network: { layers: [{ type: 'dense', units: 2 }] },
    outputs,
  });
const measured = (
  model: ModelSpec,
  rows: readonly (readonly number[])[],
  batch: Batch,
  loss = 0,
): { metrics: Record<string, number>; score: number } => {
  const width = rows[0]!.length;
  const values = new Float32Array(rows.length * padded(width)).fill(99);
  rows.forEach((row, i) => values.set(row, i * padded(width)));
  const run = createMetrics(model).start();
  run.addLogits({ values } as Block, width, batch);
  run.addLoss(loss);
  return run.results();
};
const half = Float32Array.of(0.5, 0.5);

describe('metrics', () => {
  it('classify: accuracy over steps with a target', () => {
    const batch = {
      plan: createPlan([1, 1, 1]),
      targets: { classes: Int32Array.of(0, 0, 1), weights: Float32Array.of(0.5, 0.5, 0) },
    };
    const { metrics, score } = measured(
      createModel('classify', { labels: ['x', 'y'] }),
      [
        [2, 1],
        [1, 2],
        [0, 9],
      ],
      batch,
      0.7,
    );
    expect(metrics).toMatchObject({ loss: 0.7, accuracy: 0.5 });
    expect(score).toBe(0.5);
  });

  it('tag: token accuracy, and span F1 if the labels mark spans', () => {
    const labels = ['O', 'B-x', 'I-x'];
    // actual: B-x I-x O, predicted: B-x O O
    const batch = {
      plan: createPlan([3]),
      targets: { classes: Int32Array.of(1, 2, 0), weights: new Float32Array(3).fill(1 / 3) },
    };
    const predicted = [
      [0, 1, 0],
      [1, 0, 0],
      [1, 0, 0],
    ];
    const { metrics } = measured(createModel('tag', { labels }), predicted, batch);
    expect(metrics['token_accuracy']).toBeCloseTo(2 / 3, 12);
    expect(metrics['span_f1']).toBe(0);
    expect(
      measured(createModel('tag', { labels: ['A', 'B', 'C'] }), predicted, batch).metrics,
    ).not.toHaveProperty('span_f1');
  });

  it('generate: perplexity and bits', () => {
    const batch = { plan: createPlan([2]), targets: { classes: Int32Array.of(0, 1), weights: half } };
    const { metrics, score } = measured(
      createModel('generate', {}),
      [
        [0, 0],
        [0, 0],
      ],
      batch,
      Math.LN2,
    );
    expect(metrics['perplexity']).toBeCloseTo(2, 12);
    expect(metrics['bits_per_character']).toBeCloseTo(1, 12);
    expect(score).toBe(Math.LN2);
  });

  it('predict: errors in the units of the data', () => {
    const batch = { plan: createPlan([1, 1]), targets: { values: Float32Array.of(0, 0), weights: half } };
    const { metrics, score } = measured(
      createModel('predict', { units: [{ name: 'u', mean: 50, scale: 10 }] }),
      [[3], [-1]],
      batch,
    );
    expect(metrics['rmse']).toBeCloseTo(Math.sqrt((900 + 100) / 2), 10);
    expect(metrics['mae']).toBeCloseTo(20, 10);
    expect(score).toBe(metrics['rmse']);
  });

  it('are better higher for classify and tag, lower for all other tasks', () => {
    const lower = ['classify', 'tag', 'decode', 'generate', 'predict'].map(
      (task) => createMetrics(createModel(task, {})).lowerIsBetter,
    );
    expect(lower).toEqual([false, false, true, true, true]);
  });
});

it('counts insertions, deletions and replacements', () => {
  expect(editDistance([...'kitten'], [...'sitting'])).toBe(3);
  expect(editDistance([], [...'abc'])).toBe(3);
  expect(editDistance([...'abc'], [])).toBe(3);
  expect(editDistance([...'ab'], [...'ab'])).toBe(0);
});

it('extracts spans, also one that begins with I', () => {
  expect(extractSpans(['B-x', 'I-x', 'B-x', 'I-y', 'O', 'I-x'])).toEqual([
    '0:2:x',
    '2:3:x',
    '3:4:y',
    '5:6:x',
  ]);
});
