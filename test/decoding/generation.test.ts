import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createGeneration,
  type EmittedToken,
  restoreGeneration,
  type Generation,
  type GenerationOptions,
} from '../../src/decoding/generation.ts';
import { logSoftmax } from '../../src/kernel/reference/softmax.ts';

const tokens = Array.from('abcdefgh. \n😀');
const defaults: GenerationOptions = {
  maxTokens: 50,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  seed: 1,
  choice: 0,
  stop: [],
  logprobs: 0,
  prompt: [],
  textOnly: false,
  separator: '',
};
const create = (options: Partial<GenerationOptions> = {}, endId?: number): Generation =>
  createGeneration({ ...defaults, ...options }, tokens, endId);
/** Logits that differ from step to step but are always the same. */
const logitsAt = (step: number): Float32Array =>
  Float32Array.from(tokens, (_, id) => 3 * Math.sin(step * 7.3 + id * id));

function run(generation: Generation, from = 0, logits = logitsAt) {
  const ids: number[] = [];
  let text = '';
  for (let step = from; ; step++) {
    const { id, emitted, finish } = generation.next(logits(step));
    ids.push(id);
    text += emitted.map((token) => token.text).join('');
    if (finish !== null) return { ids, text, finish };
  }
}

describe('a generation', () => {
  it('is the same for the same seed, and another for another seed or choice', () => {
    const first = run(create());
    expect(run(create())).toEqual(first);
    expect(run(create({ seed: 2 })).ids).not.toEqual(first.ids);
    expect(run(create({ choice: 1 })).ids).not.toEqual(first.ids);
  });

  it('chooses the most likely token at temperature 0, the first of equals', () => {
    const generation = create({ temperature: 0, maxTokens: 3 });
    expect(generation.next(Float32Array.from(tokens, (_, id) => (id === 4 || id === 6 ? 2 : 1))).id).toBe(4);
  });

  it('draws the same text where only the text is wanted, with penalties, limits and stop strings', () => {
    const options = {
      repetitionPenalty: 1.3,
      frequencyPenalty: 0.2,
      topP: 0.9,
      temperature: 0.8,
      stop: ['ab'],
    };
    for (let seed = 0; seed < 20; seed++)
      for (const more of [{ seed }, { ...options, seed }])
        expect(run(create({ ...more, textOnly: true }))).toEqual(run(create(more)));
  });

  it('ends at max_tokens with all its text', () => {
    const { ids, text, finish } = run(create({ maxTokens: 7 }));
    expect(finish).toBe('length');
    expect(ids).toHaveLength(7);
    expect(text).toBe(ids.map((id) => tokens[id]).join(''));
  });

  it('ends at the end id and does not output it', () => {
    const generation = create({ temperature: 0 }, 8);
    const { emitted, finish } = generation.next(Float32Array.from(tokens, (_, id) => (id === 8 ? 5 : 0)));
    expect(finish).toBe('stop');
    expect(emitted).toEqual([]);
  });

  it('ends before a stop string', () => {
    const spell = (text: string) => (step: number) =>
      Float32Array.from(tokens, (token) => (token === Array.from(text)[step] ? 9 : 0));
    const { text, finish } = run(create({ temperature: 0, stop: ['. a'] }), 0, spell('abc. abc'));
    expect(text).toBe('abc');
    expect(finish).toBe('stop');
  });

  /** Logits that make the greedy choice spell a text. */
  const spelling =
    (text: string) =>
    (step: number): Float32Array =>
      Float32Array.from(tokens, (token) => (token === Array.from(text)[step] ? 9 : 0));

  it('outputs the beginning of a stop string when the end id comes first', () => {
    const greedy = { temperature: 0, stop: ['bcd'] };
    expect(run(create({ ...greedy, maxTokens: 3 }), 0, spelling('abc'))).toMatchObject({
      text: 'abc',
      finish: 'length',
    });
    // the end id is that of the full stop
    expect(run(create(greedy, 8), 0, spelling('abc.'))).toMatchObject({ text: 'abc', finish: 'stop' });
  });

  it('finishes with stop where a stop string is complete at the last allowed token', () => {
    const ended = run(create({ temperature: 0, stop: ['bc'], maxTokens: 3 }), 0, spelling('abc'));
    expect(ended).toMatchObject({ text: 'a', finish: 'stop' });
  });

  it('subtracts the frequency penalty for every time a token was generated', () => {
    // each time costs the likeliest 1 of the 2½ that it is ahead by
    const generation = create({ temperature: 0, frequencyPenalty: 1 });
    const ahead = Float32Array.from(tokens, (_, id) => (id === 5 ? 2.5 : 0));
    expect([0, 1, 2, 3].map(() => generation.next(ahead).id)).toEqual([5, 5, 5, 0]);
  });

  it('draws by its temperature and limits', () => {
    const falling = Float32Array.from(tokens, (_, id) => -id / 4);
    const drawn = (options: Partial<GenerationOptions>): Set<number> => {
      const generation = create({ ...options, maxTokens: 1000 });
      return new Set(Array.from({ length: 400 }, () => generation.next(falling).id));
    };
    expect(drawn({}).size).toBeGreaterThan(9);
    expect(drawn({ topK: 3 })).toEqual(new Set([0, 1, 2]));
    // e^(−id/4) of the likeliest is at least 0.6 for ids 0, 1 and 2
    expect(drawn({ minP: 0.6 })).toEqual(new Set([0, 1, 2]));
    // 0.23, 0.18, 0.14: it takes three to reach a half
    expect(drawn({ topP: 0.5 })).toEqual(new Set([0, 1, 2]));
    expect(drawn({ temperature: 0.01 })).toEqual(new Set([0]));
  });

  it('never outputs half a code point, whatever the stop string', () => {
    const piece = fc.constantFrom('a', '😀', '😃', 'é');
    const text = fc.string({ unit: piece, minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 12 }),
        fc.array(text, { maxLength: 2 }),
        (tokens, stop) => {
          const generation = createGeneration(
            { ...defaults, temperature: 0, stop, maxTokens: tokens.length },
            tokens,
            undefined,
          );
          for (let step = 0; ; step++) {
            const { emitted, finish } = generation.next(
              Float32Array.from(tokens, (_, id) => (id === step ? 9 : 0)),
            );
            for (const token of emitted) expect(token.text.isWellFormed()).toBe(true);
            if (finish !== null) return;
          }
        },
      ),
    );
  });

  it('joins words with spaces, and finds stop strings across them', () => {
    const words = ['the', 'end', 'is', 'near'];
    const generate = (options: Partial<GenerationOptions>): EmittedToken[] => {
      const generation = createGeneration(
        { ...defaults, temperature: 0, maxTokens: 4, separator: ' ', logprobs: 2, ...options },
        words,
        undefined,
      );
      const tokens: EmittedToken[] = [];
      for (let step = 0; ; step++) {
        const { emitted, finish } = generation.next(
          Float32Array.from(words, (_, id) => (id === step ? 9 : 0)),
        );
        tokens.push(...emitted);
        if (finish !== null) return tokens;
      }
    };
    expect(generate({}).map(({ text }) => text)).toEqual(['the', ' end', ' is', ' near']);
    expect(generate({ stop: ['d is'] }).map(({ text }) => text)).toEqual(['the', ' en']);
    expect(generate({})[1]!.top.map(({ text }) => text)).toEqual([' end', ' the']);
  });

  it('continues identically from a snapshot at any step', () => {
    const options = {
      topP: 0.9,
      repetitionPenalty: 1.3,
      frequencyPenalty: 0.2,
      stop: ['ab', 'c. '],
      maxTokens: 40,
      prompt: [1, 2],
    };
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 0, max: 30 }), (seed, at) => {
        const whole = create({ ...options, seed });
        const generation = create({ ...options, seed });
        for (let step = 0; step < at; step++)
          if (generation.next(logitsAt(step)).finish !== null || whole.next(logitsAt(step)).finish !== null)
            return;
        const saved = JSON.parse(JSON.stringify(generation.snapshot())) as ReturnType<Generation['snapshot']>;
        const restored = restoreGeneration(saved, { ...defaults, ...options, seed }, tokens, undefined);
        expect(run(restored, at)).toEqual(run(whole, at));
      }),
      { numRuns: 200 },
    );
  });

  it('reports the log-probability of each token and its best alternatives', () => {
    const generation = create({ logprobs: 3, maxTokens: 5 });
    const exact = logSoftmax(logitsAt(0));
    const [token] = generation.next(logitsAt(0)).emitted;
    expect(token!.logprob).toBeCloseTo(exact[token!.id]!, 6);
    const best = [...exact.keys()].sort((a, b) => exact[b]! - exact[a]!).slice(0, 3);
    expect(token!.top.map(({ id }) => id)).toEqual(best);
    token!.top.forEach(({ id, logprob, text }) => {
      expect(logprob).toBeCloseTo(exact[id]!, 6);
      expect(text).toBe(tokens[id]);
    });
  });

  it('counts the prompt as seen for the repetition penalty', () => {
    const flat = Float32Array.from(tokens, (_, id) => (id < 2 ? 1 : 0.9));
    const generation = create({ temperature: 0, repetitionPenalty: 2, prompt: [0, 1] });
    expect(generation.next(flat).id).toBe(2);
  });

  it('rejects logits that are not finite, and the wrong number of them', () => {
    expect(() => create().next(Float32Array.from(tokens, () => NaN))).toThrow('not finite');
    for (const one of [NaN, Infinity])
      expect(() => create().next(Float32Array.from(tokens, (_, id) => (id === 7 ? one : 0)))).toThrow(
        'not finite',
      );
    expect(() => create({ textOnly: true }).next(Float64Array.from(tokens, () => NaN))).toThrow('not finite');
    expect(() => create().next(Float32Array.from(tokens, () => -Infinity))).toThrow('not finite');
    // −∞ says: never
    const never = Float32Array.from(tokens, (_, id) => (id === 0 ? -Infinity : 0));
    expect(create({ temperature: 0 }).next(never).id).toBe(1);
    expect(() => create().next(new Float32Array(3))).toThrow(
      'the network gives 3 logits for a vocabulary of 12',
    );
  });
});
