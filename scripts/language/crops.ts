import type { Rng } from '../../src/decoding/rng.ts';
import type { Vocabulary } from '../../src/vocabulary/vocabulary.ts';
import type { Batch } from '../../src/training/learner.ts';
import { planOf } from '../../src/training/plan.ts';
import type { Declaration } from './declarations.ts';

// What the model learns from: a few random characters of a declaration. All crops of a batch are equally long.

export const cropLimits = { shortest: 3, longest: 100 } as const;
/** A crop's output is judged at every third step, so that the running prediction forms early. */
const judgedEvery = 3;
/** Share of characters that become the unknown one. */
const blotted = 0.02;

export interface CropSource {
  /** Ids of every declaration's text, paragraph after paragraph with a space between: as it is, and without punctuation. */
  readonly texts: readonly { whole: Int32Array; bare: Int32Array }[];
  readonly space: number;
  readonly unknown: number;
}

export function cropSource(declarations: readonly Declaration[], vocabulary: Vocabulary): CropSource {
  const texts = declarations.map(({ train }) => {
    const text = `${train.join(' ')} `;
    const bare = text.replace(/[\p{P}\p{S}]+/gu, '').replace(/ +/g, ' ');
    return { whole: vocabulary.encode(text).ids, bare: vocabulary.encode(bare).ids };
  });
  return { texts, space: vocabulary.encode(' ').ids[0]!, unknown: vocabulary.unknownId! };
}

export function cropBatch(source: CropSource, batch: number, rng: Rng): Batch {
  const { shortest, longest } = cropLimits;
  // more short ones than long ones
  const steps = Math.floor(shortest + (longest - shortest) * rng.next() ** 1.5);
  const ids = new Int32Array(steps * batch);
  const classes = new Int32Array(steps * batch);
  const judgedSteps = Array.from({ length: steps }, (_, t) => t % judgedEvery === (steps - 1) % judgedEvery);
  const weight = 1 / (batch * judgedSteps.filter(Boolean).length);
  for (let b = 0; b < batch; b++) {
    const label = Math.floor(rng.next() * source.texts.length);
    const crop = drawCrop(source, label, steps, rng);
    for (let t = 0; t < steps; t++) {
      ids[t * batch + b] = rng.next() < blotted ? source.unknown : crop[t]!;
      classes[t * batch + b] = label;
    }
  }
  const weights = Float32Array.from({ length: steps * batch }, (_, i) =>
    judgedSteps[Math.floor(i / batch)] ? weight : 0,
  );
  return { plan: planOf(Array<number>(batch).fill(steps)), ids, targets: { classes, weights } };
}

/** From a random place on, with or without punctuation: as the text goes, or single words from anywhere in it. */
function drawCrop({ texts, space }: CropSource, label: number, steps: number, rng: Rng): ArrayLike<number> {
  const text = rng.next() < 0.3 ? texts[label]!.bare : texts[label]!.whole;
  const place = (): number => Math.floor(rng.next() * (text.length - steps));
  const wordStart = (at: number): number => {
    let start = at;
    while (start > 0 && at - start < 20 && text[start - 1] !== space) start--;
    return start;
  };
  if (rng.next() < 0.6) {
    // most crops begin with a word
    const at = rng.next() < 0.8 ? wordStart(place()) : place();
    return text.subarray(at, at + steps);
  }
  const words: number[] = [];
  while (words.length < steps) {
    let at = wordStart(place());
    for (const start = at; at < text.length && at - start < 20 && text[at] !== space; at++)
      words.push(text[at]!);
    if (text[at] === space) words.push(space);
  }
  return words;
}
