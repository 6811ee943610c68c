import { describe, expect, it } from 'vitest';
import { shortestFloat32 } from '../../../../src/http/float32-text.ts';
import { predict, predictStream } from '../../../support/task-replies.ts';
import { call, collect, fakeContext, models, outputAt } from '../../../tasks/fake-context.ts';

const row = (input: number[], steps: number) =>
  [0, 1].map((k) => shortestFloat32(Math.fround(outputAt(input, 2, steps, k))));
const input = [
  [1, 2],
  [3, 4],
  [5, 6],
];

describe('predict', () => {
  it('gives a row for each step of a network without a pool', async () => {
    const { predictions } = await predict(fakeContext(models.predict()), call(), { input });
    expect(predictions).toEqual([{ output: [1, 2, 3].map((steps) => row(input.flat(), steps)) }]);
  });

  it('gives one row for a network with a pool', async () => {
    const context = fakeContext(models.predict({ pool: true }));
    const { predictions } = await predict(context, call(), { input: [input, [[7, 8]]] });
    expect(predictions).toEqual([{ output: row(input.flat(), 3) }, { output: row([7, 8], 1) }]);
    expect(context.requests.map(({ steps: want }) => want)).toEqual(['last', 'last']);
  });

  it('gives the rows of a network with a fixed number of them', async () => {
    const numbers = [0, 1, 2, 3, 4, 5].map((k) =>
      shortestFloat32(Math.fround(outputAt(input.flat(), 2, 3, k))),
    );
    const rows = [numbers.slice(0, 2), numbers.slice(2, 4), numbers.slice(4)];
    const context = fakeContext(models.predictRows());
    expect((await predict(context, call(), { input })).predictions).toEqual([{ output: rows }]);
    expect(context.requests.map(({ steps: want }) => want)).toEqual(['last']);
    const events = await collect(predictStream(fakeContext(models.predictRows()), call(), { input }));
    expect(events.at(-1)).toMatchObject({ event: 'done', data: { predictions: [{ output: rows }] } });
  });

  it('converts each of those rows to its units', async () => {
    const model = models.predictRows([{ name: 'a', mean: 100, scale: 10 }, { name: 'b' }]);
    const { predictions } = await predict(fakeContext(model, { output: 0.25 }), call(), { input });
    expect(predictions).toEqual([{ output: [1, 2, 3].map(() => [102.5, 0.25]) }]);
  });

  it('accepts one step of several features as a flat list', async () => {
    const { predictions, usage } = await predict(fakeContext(models.predict()), call(), { input: [1, 2] });
    expect(predictions).toEqual([{ output: [row([1, 2], 1)] }]);
    expect(usage.steps).toBe(1);
  });

  it('scales its inputs and converts its outputs to their units', async () => {
    const model = models.predict({
      features: [
        { name: 'x', mean: 10, scale: 2 },
        { name: 'y', mean: -1, scale: 0.5 },
      ],
      units: [
        { name: 'a', mean: 100, scale: 10 },
        { name: 'b', scale: 3 },
      ],
    });
    const context = fakeContext(model, { output: 0.25 });
    const { predictions } = await predict(context, call(), { input: [[14, 0]] });
    expect([...context.requests[0]!.input]).toEqual([2, 2]);
    expect(predictions).toEqual([{ output: [[102.5, 0.75]] }]);
  });

  it('streams an event for each step, then the plain reply', async () => {
    for (const pool of [false, true]) {
      const plain = await predict(fakeContext(models.predict({ pool })), call(), { input });
      const events = await collect(predictStream(fakeContext(models.predict({ pool })), call(), { input }));
      expect(events).toEqual([
        ...[1, 2, 3].map((steps) => ({
          event: 'step',
          data: { step: steps - 1, output: row(input.flat(), steps) },
        })),
        { event: 'done', data: plain },
      ]);
    }
  });

  it('fails on a number that JSON cannot represent', async () => {
    for (const output of [NaN, Infinity]) {
      const context = fakeContext(models.predict(), { output });
      await expect(predict(context, call(), { input })).rejects.toMatchObject({ code: 'internal' });
      await expect(collect(predictStream(context, call(), { input }))).rejects.toMatchObject({
        code: 'internal',
      });
    }
  });
});
