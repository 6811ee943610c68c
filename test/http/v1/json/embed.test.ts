import { describe, expect, it } from 'vitest';
import { embed } from '../../../support/task-replies.ts';
import { shortestFloat32 } from '../../../../src/http/float32-text.ts';
import { call, fakeContext, hiddenWidth, models, outputAt } from '../../../tasks/fake-context.ts';

describe('embed', () => {
  it('gives the hidden row after the last step, of models of any task', async () => {
    for (const model of [models.classify(), models.tag(), models.generate()]) {
      const context = fakeContext(model);
      const { embeddings } = await embed(context, call(), { input: ['ab', 'c'] });
      expect(embeddings).toEqual(
        [[1, 2], [3]].map((ids) =>
          Array.from({ length: hiddenWidth }, (_, k) =>
            shortestFloat32(Math.fround(outputAt(ids, 1, ids.length, k))),
          ),
        ),
      );
      expect(context.requests[0]).toMatchObject({ steps: 'last', output: 'hidden' });
    }
  });

  it('accepts numbers for a numeric model', async () => {
    const { embeddings } = await embed(fakeContext(models.predict()), call(), { input: [[1, 2]] });
    expect(embeddings[0]).toHaveLength(hiddenWidth);
  });
});
