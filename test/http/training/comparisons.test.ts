import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { closeApp, get, job, post, records } from './training-api.ts';

afterAll(closeApp);

describe('a comparison', () => {
  it('trains three cells with equal parameter counts, and publishes the best', async () => {
    const made = await post('/v1/training/comparisons', {
      model: 'compared',
      spec: {
        task: 'classify',
        network: {
          layers: [
            { type: 'embedding', units: 8 },
            { type: 'recurrent', cell: 'lstm', units: 24 },
            { type: 'dense' },
          ],
        },
        data: { records: Array.from({ length: 10 }, () => records).flat() },
        hyperparameters: { gradient_flow_every: 2 },
        budget: { epochs: 2 },
      },
      grid: { 'hyperparameters.learning_rate': [0.001, 0.01] },
      target: { metric: 'validation_accuracy', value: 0 },
    });
    expect(made.statusCode).toBe(200);
    const { id } = made.json<{ id: string }>();
    interface Shown {
      status: string;
      published: string | null;
      metric: string;
      trials: {
        cell: string;
        score: number;
        parameters: number;
        step_ms: number;
        seconds_to_target: number;
        gradient_reach: number;
      }[];
    }
    let shown: Shown;
    do {
      await delay(30);
      shown = (await get(`/v1/training/comparisons/${id}`)).json<Shown>();
    } while (shown.status === 'running' || shown.published === null);
    expect(shown).toMatchObject({
      status: 'succeeded',
      published: 'compared@1',
      metric: 'validation_accuracy',
    });
    expect(shown.trials.map(({ cell }) => cell).toSorted()).toEqual([
      'gru',
      'gru',
      'lstm',
      'lstm',
      'rnn',
      'rnn',
    ]);
    const scores = shown.trials.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const parameters = shown.trials.map((trial) => trial.parameters);
    expect(Math.max(...parameters) / Math.min(...parameters)).toBeLessThan(1.05);
    for (const trial of shown.trials) {
      expect(trial.step_ms).toBeGreaterThan(0);
      expect(trial.seconds_to_target).toBeGreaterThan(0);
      expect(trial.gradient_reach).toBeGreaterThanOrEqual(0);
    }
  });

  it('is rejected for an unknown setting', async () => {
    const spec = { ...job(), model: undefined };
    const reply = await post('/v1/training/comparisons', {
      model: 'c',
      spec,
      grid: { 'network.layers': [[]] },
    });
    expect(reply.statusCode).toBe(400);
    const invalid = await post('/v1/training/comparisons', {
      model: 'c',
      spec,
      grid: { 'hyperparameters.batch_size': [0] },
    });
    expect(invalid.json()).toMatchObject({
      code: 'invalid_request',
      field: 'spec.hyperparameters.batch_size',
    });
  });
});
