import { describe, expect, it } from 'vitest';
import { readWav } from '../../examples/voice/wav.ts';

/** Chunks of a WAV file: four letters, and what follows. */
function wav(...chunks: readonly (readonly [string, readonly number[]])[]): Uint8Array {
  const body = chunks.flatMap(([name, bytes]) => [
    ...Buffer.from(name),
    ...[0, 8, 16, 24].map((bits) => (bytes.length >> bits) & 255),
    ...bytes,
    ...(bytes.length % 2 ? [0] : []),
  ]);
  return Uint8Array.from([...Buffer.from('RIFF'), 0, 0, 0, 0, ...Buffer.from('WAVE'), ...body]);
}
const format = (channels: number, rate: number, bits: number): [string, number[]] => [
  'fmt ',
  [1, 0, channels, 0, rate & 255, rate >> 8, 0, 0, 0, 0, 0, 0, 0, 0, bits, 0],
];

describe('a WAV file', () => {
  it('gives its samples within ±1, whatever stands before them', () => {
    const file = wav(
      format(1, 16_000, 16),
      ['LIST', [1, 2, 3]],
      ['data', [0, 0, 0, 0x40, 0, 0x80, 0xff, 0x7f]],
    );
    expect(readWav(file, 16_000)).toEqual(Float32Array.of(0, 0.5, -1, 32_767 / 32_768));
  });

  it.each([
    ['of two channels', wav(format(2, 16_000, 16), ['data', [0, 0]]), 'must have one channel'],
    ['of another rate', wav(format(1, 8000, 16), ['data', [0, 0]]), 'at 16000 Hz'],
    ['of 8 bits', wav(format(1, 16_000, 8), ['data', [0]]), '16-bit'],
    ['without samples', wav(format(1, 16_000, 16)), 'has no samples'],
    ['that is none', Uint8Array.of(1, 2, 3), 'no WAV file'],
  ])('%s is refused', (_, file, why) => expect(() => readWav(file, 16_000)).toThrow(why));
});
