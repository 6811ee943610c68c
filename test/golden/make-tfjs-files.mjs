// Writes tfjs-files/: models as TensorFlow.js saves them, and what it makes of a random sequence.
//
//     node test/golden/make-tfjs-files.mjs
//
// Made with @tensorflow/tfjs 4.22.0, which is among the benchmarks' packages. The tests read the files; it is not needed to run them.
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const tf = createRequire(join(import.meta.dirname, '../../bench/package.json'))('@tensorflow/tfjs');
const L = tf.layers;
const folder = join(import.meta.dirname, 'tfjs-files');
const STEPS = 9;

let seed = 7;
/** In [−1, 1): Numerical Recipes' linear congruential generator, so that every run writes the same. */
const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
const sigmoid = { recurrentActivation: 'sigmoid' };
const numbers = { inputShape: [null, 3] };
const ids = { inputDim: 11, outputDim: 4, inputShape: [null] };
const chain = (...layers) => tf.sequential({ layers });

function branches() {
  const x = tf.input({ shape: [null, 3], name: 'numbers' });
  const left = L.lstm({ units: 4, ...sigmoid, returnSequences: true, name: 'left' }).apply(x);
  const right = L.gru({ units: 4, ...sigmoid, returnSequences: true, name: 'right' }).apply(x);
  const product = L.multiply({ name: 'product' }).apply([left, right]);
  const sum = L.add({ name: 'sum' }).apply([product, right]);
  const all = L.concatenate({ name: 'all' }).apply([left, sum]);
  const most = L.globalMaxPooling1d({ name: 'most' }).apply(all);
  return tf.model({ inputs: x, outputs: L.dense({ units: 2, name: 'answer' }).apply(most) });
}

const models = {
  lstm: chain(L.lstm({ units: 5, ...sigmoid, returnSequences: true, ...numbers }), L.lstm({ units: 4, ...sigmoid }), L.dense({ units: 2 })),
  gru: chain(L.gru({ units: 5, ...sigmoid, returnSequences: true, ...numbers }), L.gru({ units: 3, ...sigmoid, useBias: false, returnSequences: true })),
  rnn: chain(L.simpleRNN({ units: 5, activation: 'relu', returnSequences: true, ...numbers }), L.layerNormalization({}), L.globalAveragePooling1d({}), L.dense({ units: 1, activation: 'sigmoid' })),
  tagger: chain(L.embedding(ids), L.bidirectional({ layer: L.lstm({ units: 3, ...sigmoid, returnSequences: true }), mergeMode: 'concat' }), L.timeDistributed({ layer: L.dense({ units: 3, activation: 'softmax' }) })),
  classifier: chain(L.embedding(ids), L.bidirectional({ layer: L.gru({ units: 4, ...sigmoid }), mergeMode: 'sum' }), L.dropout({ rate: 0.3 }), L.dense({ units: 3 }), L.batchNormalization({}), L.activation({ activation: 'softmax' })),
  branches: branches(),
  'conv-same': chain(L.conv1d({ filters: 5, kernelSize: 3, padding: 'same', activation: 'relu', ...numbers }), L.conv1d({ filters: 4, kernelSize: 4, padding: 'same', useBias: false }), L.gru({ units: 3, ...sigmoid, returnSequences: true })),
  'conv-dilated': chain(L.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, padding: 'same', activation: 'tanh', ...numbers }), L.globalMaxPooling1d({})),
};

const weightsOf = (model) =>
  model.setWeights(
    model.getWeights().map((weight, i) => {
      const variance = model.weights[i].originalName.endsWith('moving_variance');
      return tf.tensor(Float32Array.from({ length: weight.size }, () => (variance ? 1 + random() / 2 : random() * 0.7)), weight.shape);
    }),
  );
const input = (model, steps = STEPS) => {
  const asIds = model.layers.some((layer) => layer.getClassName() === 'Embedding');
  return asIds
    ? tf.tensor2d([Array.from({ length: steps }, () => 1 + Math.floor((random() + 1) * 5))])
    : tf.tensor3d([Array.from({ length: steps }, () => [random(), random(), random()])]);
};
const artifacts = async (model) => {
  let saved;
  await model.save(tf.io.withSaveHandler((all) => ((saved = all), { modelArtifactsInfo: {} })));
  return saved;
};

/** In shards of so many bytes at most, as the browser's download and the converter write them. */
function write(name, { modelTopology, weightSpecs, weightData }, shardBytes = Infinity) {
  const bytes = new Uint8Array(weightData);
  const shards = Math.max(1, Math.ceil(bytes.length / shardBytes));
  mkdirSync(join(folder, name), { recursive: true });
  const paths = Array.from({ length: shards }, (_, i) => `group1-shard${i + 1}of${shards}.bin`);
  paths.forEach((path, i) => writeFileSync(join(folder, name, path), bytes.subarray(i * shardBytes || 0, (i + 1) * shardBytes)));
  writeFileSync(
    join(folder, name, 'model.json'),
    JSON.stringify({ format: 'layers-model', generatedBy: 'TensorFlow.js tfjs-layers v4.22.0', convertedBy: null, modelTopology, weightsManifest: [{ paths, weights: weightSpecs }] }),
  );
}

/** Weights in fewer bits, as `tensorflowjs_converter --quantize_…` stores them. */
function quantized({ modelTopology, weightSpecs, weightData }, dtype) {
  const parts = [];
  let at = 0;
  const specs = weightSpecs.map((spec) => {
    const count = spec.shape.reduce((product, size) => product * size, 1);
    const values = new Float32Array(weightData.slice(at, at + count * 4));
    at += count * 4;
    if (dtype === 'float16') {
      parts.push(new Uint8Array(Float16Array.from(values).buffer));
      return { ...spec, quantization: { dtype, original_dtype: 'float32' } };
    }
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const scale = (most - least) / (dtype === 'uint8' ? 255 : 65535);
    const whole = (dtype === 'uint8' ? Uint8Array : Uint16Array).from(values, (value) => Math.round((value - least) / scale));
    parts.push(new Uint8Array(whole.buffer));
    return { ...spec, quantization: { dtype, scale, min: least, original_dtype: 'float32' } };
  });
  return { format: 'layers-model', modelTopology, weightSpecs: specs, weightData: new Uint8Array(Buffer.concat(parts)).buffer };
}

const answers = {};
const answer = (name, model, x) => (answers[name] = { x: x.arraySync()[0], y: model.predict(x).arraySync()[0] });
for (const [name, model] of Object.entries(models)) {
  weightsOf(model);
  answer(name, model, input(model));
  write(name, await artifacts(model), name === 'lstm' ? 301 : Infinity);
}
for (const dtype of ['uint8', 'uint16', 'float16']) {
  const small = quantized(await artifacts(models.tagger), dtype);
  answer(`tagger-${dtype}`, await tf.loadLayersModel(tf.io.fromMemory(small)), input(models.tagger));
  write(`tagger-${dtype}`, small);
}
// TensorFlow.js reads `causal` and does not run it: what it means is `valid` after zeros
for (const [name, kernelSize, dilationRate] of [['conv-causal', 3, 1], ['conv-causal-dilated', 3, 2]]) {
  const model = chain(L.conv1d({ filters: 5, kernelSize, dilationRate, padding: 'valid', activation: 'tanh', ...numbers }));
  weightsOf(model);
  const x = input(model);
  const before = tf.zeros([1, (kernelSize - 1) * dilationRate, 3]);
  answers[name] = { x: x.arraySync()[0], y: model.predict(before.concat(x, 1)).arraySync()[0] };
  const saved = await artifacts(model);
  saved.modelTopology.config.layers[0].config.padding = 'causal';
  write(name, saved);
}
for (const [name, options] of [['conv-valid', { padding: 'valid' }], ['conv-strided', { padding: 'same', strides: 2 }]])
  write(name, await artifacts(chain(L.conv1d({ filters: 2, kernelSize: 3, ...options, ...numbers }))));
writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
