import { describe, expect, it } from 'vitest';
import { resolveSamplingOptions } from '../../src/tasks/sampling-options.ts';
import { fakeContext, models } from './fake-context.ts';

const { limits } = fakeContext(models.generate());
const options = (body: Parameters<typeof resolveSamplingOptions>[1], decoding: object = {}) =>
  resolveSamplingOptions(models.generate({}, decoding), body, limits);

describe('sampling options', () => {
  it("are the caller's, else the model's, else ours", () => {
    expect(options({ top_k: 5 }, { top_k: 9, temperature: 0.5 })).toMatchObject({
      topK: 5,
      temperature: 0.5,
      topP: 1,
      repetitionPenalty: 1,
    });
    // 0 is a wish like any other
    expect(options({ temperature: 0 }, { temperature: 0.5 }).temperature).toBe(0);
  });

  it('refuse more tokens than the limit, but reduce a default to it', () => {
    expect(() => options({ max_tokens: 51 })).toThrow('max_tokens: at most 50, was 51');
    expect(options({}, { max_tokens: 1000 }).maxTokens).toBe(50);
    expect(options({ max_tokens: 50 }).maxTokens).toBe(50);
  });

  it('accept one stop string or several, also from the model', () => {
    expect(options({ stop: 'x' }).stop).toEqual(['x']);
    expect(options({ stop: ['x', 'y'] }, { stop: 'z' }).stop).toEqual(['x', 'y']);
    expect(options({}, { stop: 'z' }).stop).toEqual(['z']);
    expect(options({}, { stop: ['z', '.'] }).stop).toEqual(['z', '.']);
    expect(options({}).stop).toEqual([]);
  });

  it('refuse a stop string with a lone surrogate', () => {
    for (const stop of ['\ude00', ['ok', 'a\ud83d'], ''])
      expect(() => options({ stop })).toThrow('must be a non-empty text of whole characters');
    expect(options({ stop: '😀' }).stop).toEqual(['😀']);
  });
});
