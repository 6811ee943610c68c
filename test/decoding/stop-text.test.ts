import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStopTextFilter } from '../../src/decoding/stop-text.ts';

interface Piece {
  readonly text: string;
}
const clip = (_: Piece, text: string): Piece => ({ text });

/** Everything that comes out of a text fed token by token, and what was out after each token. */
function run(tokens: readonly string[], stops: readonly string[]) {
  const stopText = createStopTextFilter<Piece>(stops, clip);
  let out = '';
  const after: string[] = [];
  for (const text of tokens) {
    const { out: pieces, stopped } = stopText.push({ text });
    out += pieces.map((piece) => piece.text).join('');
    after.push(out);
    if (stopped) return { out, after, stopped: true };
  }
  out += stopText
    .flush()
    .map((piece) => piece.text)
    .join('');
  return { out, after, stopped: false };
}

/** What should come out: tokens until the text holds a stop string, cut before it. */
function expected(tokens: readonly string[], stops: readonly string[]): string {
  let text = '';
  for (const token of tokens) {
    text += token;
    const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    if (found.length > 0) return text.slice(0, Math.min(...found));
  }
  return text;
}

describe('stop strings', () => {
  it('end the text before them, wherever token boundaries are, and are never output', () => {
    const token = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 4 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', '.'), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(token, { maxLength: 30 }), fc.array(stop, { maxLength: 3 }), (tokens, stops) => {
        const { out, after } = run(tokens, stops);
        const whole = expected(tokens, stops);
        expect(out).toBe(whole);
        for (const shown of after) expect(whole.startsWith(shown)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('delay only tokens that may begin one', () => {
    expect(run(['x', 'EN', 'y', 'E'], ['END']).after).toEqual(['x', 'x', 'xENy', 'xENy']);
  });

  it('do not delay tokens without stop strings', () => {
    expect(run(['a', 'b'], []).after).toEqual(['a', 'ab']);
  });

  it('output the pending tokens when the text ends for another reason', () => {
    const { out, stopped } = run(['a', 'E', 'N'], ['END']);
    expect(out).toBe('aEN');
    expect(stopped).toBe(false);
  });

  it('clip a token in which a stop string begins', () => {
    expect(run(['one\n', 'two\n\nthree'], ['\n\n'])).toMatchObject({ out: 'one\ntwo', stopped: true });
  });
});
