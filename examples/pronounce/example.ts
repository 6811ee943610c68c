import { editDistance } from './edit-distance.ts';
import { jsonl, round, type Example, type Trained } from '../example.ts';
import { readDictionary, recordsOf, type Word } from './data.ts';

const dictionary = readDictionary();

/** An encoder that reads the letters both ways, a decoder that writes phonemes and looks back at them. */
export const example: Example = {
  job: {
    model: 'pronounce',
    description: 'How an English word is said: letters in, ARPAbet phonemes out.',
    task: 'decode',
    inputs: { kind: 'text', vocabulary: 'characters', lowercase: true },
    outputs: { vocabulary: { kind: 'text', vocabulary: 'words', normalize: 'none' } },
    network: {
      encoder: {
        layers: [
          { type: 'embedding', name: 'letters', units: 64 },
          { type: 'dropout', name: 'drop_letters', rate: 0.1 },
          { type: 'recurrent', name: 'read', cell: 'lstm', units: 176, bidirectional: true },
          { type: 'dropout', name: 'drop_read', rate: 0.25 },
        ],
      },
      bridge: 'dense',
      layers: [
        { type: 'embedding', name: 'phonemes', units: 64 },
        { type: 'dropout', name: 'drop_phonemes', rate: 0.1 },
        { type: 'recurrent', name: 'write', cell: 'lstm', units: 352 },
        { type: 'attention', name: 'look', score: 'general' },
        { type: 'concat', name: 'both', inputs: ['write', 'look'] },
        { type: 'dense', name: 'join', units: 320, activation: 'tanh' },
        { type: 'dropout', name: 'drop_join', rate: 0.25 },
        { type: 'dense', name: 'phoneme' },
      ],
    },
    decoding: { beam_size: 5, max_length: 60 },
    hyperparameters: {
      batch_size: 128,
      learning_rate: 0.003,
      optimizer: { type: 'adamw', weight_decay: 0.01 },
      schedule: { type: 'cosine', warm_up: 0.03, floor: 0.01 },
      loss: { type: 'softmax_cross_entropy', label_smoothing: 0.05 },
      clip: { norm: 1 },
      shards: 2,
    },
    budget: { epochs: 16 },
    seed: 1,
    provenance: {
      data: 'The CMU Pronouncing Dictionary (BSD licence), npm package cmu-pronouncing-dictionary 3.0.0 (ISC)',
      split:
        'by a hash of the word: 85 % to learn from, 5 % to measure on meanwhile, 10 % held out (12,518 words)',
      script: 'npm run example -- pronounce',
    },
  },
  data: () => ({
    training: jsonl(recordsOf(dictionary.training)),
    validation: jsonl(recordsOf(dictionary.validation)),
  }),
  request: { input: 'recurrent', beam_size: 5 },
  report: async (trained) => ({
    measured: 'held-out words by the server that serves it; the nearest of a word’s listed variants counts',
    figures: {
      held_out_words: dictionary.heldOut.length,
      greedy: await errorsOf(trained, dictionary.heldOut, 1),
      'beam of 5': await errorsOf(trained, dictionary.heldOut, 5),
    },
  }),
};

interface Reply {
  readonly predictions: readonly { readonly hypotheses: readonly { readonly tokens: readonly string[] }[] }[];
}

/** Shares of phonemes that are wrong, and of words with any wrong phoneme. */
async function errorsOf(
  { post }: Pick<Trained, 'post'>,
  words: readonly Word[],
  beam_size: number,
): Promise<{ phoneme_error: number; word_error: number }> {
  const total = { errors: 0, phonemes: 0, wrong: 0 };
  for (let at = 0; at < words.length; at += 200) {
    const part = words.slice(at, at + 200);
    const input = part.map(({ word }) => word);
    const { predictions } = await post<Reply>('/v1/models/pronounce/decode', {
      input,
      beam_size,
      timeout_ms: 300_000,
    });
    predictions.forEach(({ hypotheses: [best] }, i) => {
      const distances = part[i]!.variants.map((variant) => ({
        errors: editDistance(variant, best!.tokens),
        length: variant.length,
      }));
      const nearest = distances.reduce((a, b) => (b.errors < a.errors ? b : a));
      total.errors += nearest.errors;
      total.phonemes += nearest.length;
      if (nearest.errors > 0) total.wrong++;
    });
  }
  return {
    phoneme_error: round(total.errors / total.phonemes),
    word_error: round(total.wrong / words.length),
  };
}
