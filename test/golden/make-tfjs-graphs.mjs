// Writes tfjs-graphs/: models of several inputs and outputs, with shared layers, states and masks, as TensorFlow.js
// saves them, and what it makes of random inputs.
//
//     node test/golden/make-tfjs-graphs.mjs [folder with @tensorflow/tfjs among its packages, by default bench]
//
// Made with @tensorflow/tfjs 4.22.0, which is among the benchmarks' packages. The tests read the files; it is not needed to run them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const packages = resolve(process.argv[2] ?? join(import.meta.dirname, '../../bench'), 'package.json');
const tf = createRequire(packages)('@tensorflow/tfjs');
const L = tf.layers;
const folder = join(import.meta.dirname, 'tfjs-graphs');
const BATCH = 3;
const STEPS = 6;

let seed = 23;
/** In [−1, 1): Numerical Recipes' linear congruential generator, so that every run writes the same. */
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
const gates = { recurrentActivation: 'sigmoid' };
const numbers = (name, width = 3) => tf.input({ shape: [null, width], name });
const row = (name, width) => tf.input({ shape: [width], name });
const idsOf = (name, shape = [null]) => tf.input({ shape, name, dtype: 'int32' });

function twoInputs() {
  const series = numbers('series');
  const fixed = row('fixed', 2);
  const last = L.gru({ units: 4, ...gates, name: 'last' }).apply(series);
  const all = L.concatenate({ name: 'all' }).apply([last, fixed]);
  const hidden = L.dense({ units: 5, activation: 'tanh', name: 'hidden' }).apply(all);
  return tf.model({ inputs: [series, fixed], outputs: [L.dense({ units: 2, name: 'one' }).apply(hidden), L.dense({ units: 1, name: 'other' }).apply(hidden)] });
}
function siamese() {
  const [a, b] = [idsOf('a'), idsOf('b')];
  const words = L.embedding({ inputDim: 9, outputDim: 3, maskZero: true, name: 'words' });
  const reader = L.lstm({ units: 4, ...gates, name: 'reader' });
  const [left, right] = [a, b].map((one) => reader.apply(words.apply(one)));
  return tf.model({ inputs: [a, b], outputs: L.dot({ axes: 1, normalize: false, name: 'score' }).apply([left, right]) });
}
function states() {
  const x = numbers('x');
  const [rows, h, c] = L.lstm({ units: 4, ...gates, returnSequences: true, returnState: true, name: 'reader' }).apply(x);
  return tf.model({ inputs: x, outputs: [rows, h, c] });
}
function decoder() {
  const [word, h, c] = [idsOf('word', [1]), row('h', 4), row('c', 4)];
  const x = L.embedding({ inputDim: 7, outputDim: 3, name: 'words' }).apply(word);
  const [rows, h1, c1] = L.lstm({ units: 4, ...gates, returnSequences: true, returnState: true, name: 'writer' }).apply([x, h, c]);
  const scores = L.dense({ units: 7, activation: 'softmax', name: 'scores' }).apply(rows);
  return tf.model({ inputs: [word, h, c], outputs: [scores, h1, c1] });
}
function stackedStates() {
  const x = numbers('x');
  const cell = [L.lstmCell({ units: 3, ...gates }), L.gruCell({ units: 5, ...gates }), L.simpleRNNCell({ units: 2 })];
  const outputs = L.rnn({ cell, returnSequences: true, returnState: true, name: 'stack' }).apply(x);
  return tf.model({ inputs: x, outputs });
}
function hierarchy() {
  const words = tf.input({ shape: [null, 4, 3], name: 'words' });
  const sentence = tf.sequential({ name: 'sentence', layers: [L.lstm({ units: 4, ...gates, inputShape: [4, 3] }), L.dense({ units: 3, activation: 'tanh' })] });
  const each = L.timeDistributed({ layer: sentence, name: 'each' }).apply(words);
  const rows = L.timeDistributed({ layer: L.gru({ units: 3, ...gates }), name: 'direct' }).apply(words);
  const all = L.concatenate({ name: 'all' }).apply([each, rows]);
  return tf.model({ inputs: words, outputs: L.lstm({ units: 2, ...gates, name: 'document' }).apply(all) });
}
function sharedEncoder() {
  const [a, b] = [numbers('a'), numbers('b')];
  const x = numbers('x');
  const inner = tf.model({ inputs: x, outputs: L.gru({ units: 3, ...gates, name: 'inner' }).apply(x), name: 'encoder' });
  const both = L.concatenate({ name: 'both' }).apply([inner.apply(a), inner.apply(b)]);
  return tf.model({ inputs: [a, b], outputs: L.dense({ units: 2, name: 'answer' }).apply(both) });
}
function maskedBoth(mergeMode, returnSequences) {
  const x = numbers('x');
  const masked = L.masking({ maskValue: -1, name: 'masking' }).apply(x);
  const layer = L.lstm({ units: 3, ...gates, returnSequences });
  return tf.model({ inputs: x, outputs: L.bidirectional({ layer, mergeMode, name: 'both' }).apply(masked) });
}
function maskedTagger() {
  const ids = idsOf('ids');
  const words = L.embedding({ inputDim: 9, outputDim: 3, maskZero: true, name: 'words' }).apply(ids);
  const first = L.lstm({ units: 4, ...gates, returnSequences: true, name: 'first' }).apply(words);
  const second = L.gru({ units: 3, ...gates, returnSequences: true, goBackwards: true, name: 'second' }).apply(L.dropout({ rate: 0.4, name: 'dropout' }).apply(first));
  return tf.model({ inputs: ids, outputs: L.timeDistributed({ layer: L.dense({ units: 2 }), name: 'tags' }).apply(second) });
}
/** Frames of 5 × 4 with two channels. */
function frames(options) {
  const x = tf.input({ shape: [STEPS, 5, 4, 2], name: 'frames' });
  return tf.model({ inputs: x, outputs: L.convLstm2d({ filters: 3, kernelSize: [3, 2], recurrentActivation: 'sigmoid', name: 'frames_lstm', ...options }).apply(x) });
}

const models = {
  'two-inputs': twoInputs(),
  siamese: siamese(),
  states: states(),
  decoder: decoder(),
  'stacked-states': stackedStates(),
  hierarchy: hierarchy(),
  'shared-encoder': sharedEncoder(),
  'masked-both-concat': maskedBoth('concat', true),
  'masked-both-last': maskedBoth('sum', false),
  'masked-tagger': maskedTagger(),
  'conv-lstm-2d': frames({ padding: 'same', returnSequences: true, returnState: true }),
  'conv-lstm-2d-last': frames({ strides: [2, 1], recurrentActivation: 'hardSigmoid', useBias: false }),
};

/** Padding before, behind and inside: which steps of each sequence are kept. */
const kept = [
  [0, 0, 1, 1, 1, 1],
  [1, 1, 1, 0, 0, 0],
  [1, 0, 1, 1, 0, 1],
];
function inputFor({ name, shape }, isIds, masked) {
  const [steps, ...rest] = shape.slice(1).map((size) => size ?? STEPS);
  const values = (size, sizes, path) =>
    Array.from({ length: size }, (_, i) => {
      const there = !masked || path.length !== 1 || kept[path[0]][i] === 1;
      if (sizes.length > 0) return values(sizes[0], sizes.slice(1), [...path, i]);
      if (isIds) return there ? 1 + Math.floor(((random() + 1) / 2) * 6) : 0;
      return masked && path.length === 2 && kept[path[0]][path[1]] === 0 ? -1 : Math.fround(random());
    });
  return { name, values: values(BATCH, [steps, ...rest], []) };
}

const answers = {};
for (const [name, model] of Object.entries(models)) {
  model.setWeights(model.getWeights().map((weight) => tf.tensor(Float32Array.from({ length: weight.size }, () => random() * 0.7), weight.shape)));
  const masked = /masked|siamese/.test(name);
  const given = model.inputs.map((tensor) => ({ ...inputFor({ name: tensor.name, shape: tensor.shape }, tensor.dtype === 'int32', masked && tensor.shape.length > 1 && tensor.shape[1] === null), dtype: tensor.dtype }));
  const tensors = given.map(({ values, dtype }) => tf.tensor(values, undefined, dtype));
  let saved;
  await model.save(tf.io.withSaveHandler((all) => ((saved = all), { modelArtifactsInfo: {} })));
  // as the file has it: a call with initial states fails before it is saved
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved));
  const outputs = [loaded.predict(tensors)].flat().map((one) => one.arraySync());
  answers[name] = { inputs: given.map(({ values }) => values), names: loaded.outputNames, outputs };
  mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, name, 'weights.bin'), new Uint8Array(saved.weightData));
  writeFileSync(
    join(folder, name, 'model.json'),
    JSON.stringify({ format: 'layers-model', generatedBy: 'TensorFlow.js tfjs-layers v4.22.0', convertedBy: null, modelTopology: saved.modelTopology, weightsManifest: [{ paths: ['weights.bin'], weights: saved.weightSpecs }] }),
  );
}
writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
