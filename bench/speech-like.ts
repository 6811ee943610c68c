import { createRng } from '../src/random.ts';

/**
 * Something like speech: pulses of a voice through three resonances that move from syllable to syllable, with
 * pauses and noise between.
 * @returns [seconds · rate] within ±1
 */
export function speechLike(seconds: number, rate: number, seed = 1): Float32Array {
  const random = createRng(seed, 3);
  const between = (low: number, high: number): number => low + random.next() * (high - low);
  const audio = new Float32Array(seconds * rate);
  let at = 0;
  let phase = 0;
  while (at < audio.length) {
    const syllable = Math.floor(between(0.08, 0.35) * rate);
    const voiced = random.next() < 0.75;
    const pitch = between(90, 220);
    const resonances = [
      [between(250, 800), 60],
      [between(800, 2300), 90],
      [between(2200, 3200), 120],
    ].map(([frequency = 0, width = 0]) => {
      const r = Math.exp((-Math.PI * width) / rate);
      return { a: 2 * r * Math.cos((2 * Math.PI * frequency) / rate), b: -r * r, y1: 0, y2: 0 };
    });
    for (let i = 0; i < syllable && at < audio.length; i++, at++) {
      phase += pitch / rate;
      const pulse = phase >= 1 ? 1 : 0;
      phase %= 1;
      const source = voiced ? pulse + 0.02 * (random.next() - 0.5) : 0;
      let sum = 0.002 * (random.next() - 0.5);
      for (const one of resonances) {
        const y = source + one.a * one.y1 + one.b * one.y2;
        [one.y2, one.y1] = [one.y1, y];
        sum += 0.05 * y * Math.sin((Math.PI * i) / syllable);
      }
      audio[at] = Math.max(-1, Math.min(1, sum));
    }
  }
  return audio;
}
