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

/** Models that change the number of steps on the way, or have layers that are none of ours: they run as operators. */
const fixed = { inputShape: [12, 3] };
const tagging = (units, options = {}) => ({ units, returnSequences: true, ...sigmoid, ...options });
const merging = (mergeMode) =>
  chain(
    L.conv1d({ filters: 4, kernelSize: 3, strides: 2, ...numbers }),
    L.bidirectional({ layer: L.lstm(tagging(3)), mergeMode }),
    L.bidirectional({ layer: L.gru({ units: 2, ...sigmoid }), mergeMode }),
  );
function joins() {
  const x = tf.input({ shape: [12, 3], name: 'numbers' });
  const rows = L.lstm({ ...tagging(3), name: 'rows' }).apply(x);
  const one = L.gru({ units: 3, ...sigmoid, name: 'one' }).apply(x);
  const most = L.maximum({ name: 'most' }).apply([rows, x]);
  const mean = L.average({ name: 'mean' }).apply([most, rows]);
  const scores = L.dot({ axes: [2, 1], name: 'scores' }).apply([rows, one]);
  const weights = L.activation({ activation: 'softmax', name: 'weights' }).apply(scores);
  const context = L.dot({ axes: [1, 1], name: 'context' }).apply([weights, mean]);
  const least = L.minimum({ name: 'least' }).apply([context, one]);
  return tf.model({ inputs: x, outputs: L.dense({ units: 2, activation: 'selu', name: 'answer' }).apply(least) });
}
function handedOn() {
  const x = tf.input({ shape: [null, 3], name: 'numbers' });
  const [, h, c] = L.lstm({ units: 4, ...sigmoid, returnState: true, name: 'reader' }).apply(x);
  const [both, gh] = L.gru({ units: 4, ...sigmoid, returnState: true, name: 'other' }).apply(x);
  const again = L.repeatVector({ n: 5, name: 'again' }).apply(L.concatenate({ name: 'all' }).apply([both, gh]));
  const rows = L.lstm({ ...tagging(4), name: 'writer' }).apply([again, h, c]);
  return tf.model({ inputs: x, outputs: L.timeDistributed({ layer: L.dense({ units: 2 }), name: 'answer' }).apply(rows) });
}
const operatorGraphs = () => ({
  'conv-valid': chain(L.conv1d({ filters: 5, kernelSize: 3, activation: 'relu', ...numbers }), L.conv1d({ filters: 4, kernelSize: 2, strides: 2, padding: 'same', activation: 'elu' }), L.maxPooling1d({ poolSize: 2, padding: 'same' }), L.lstm({ units: 4, ...sigmoid }), L.dense({ units: 2 })),
  flattened: chain(L.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, activation: 'softsign', ...fixed }), L.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' }), L.permute({ dims: [2, 1] }), L.flatten({}), L.dense({ units: 6, activation: 'swish' }), L.reshape({ targetShape: [3, 2] }), L.simpleRNN({ units: 3, activation: 'elu' })),
  repeated: chain(L.lstm({ units: 4, ...sigmoid, ...numbers }), L.repeatVector({ n: 5 }), L.lstm(tagging(4)), L.timeDistributed({ layer: L.dense({ units: 2 }) })),
  bent: chain(L.dense({ units: 4, ...fixed }), L.leakyReLU({}), L.dense({ units: 4 }), L.prelu({ sharedAxes: [1] }), L.dense({ units: 4 }), L.prelu({}), L.dense({ units: 4 }), L.elu({}), L.thresholdedReLU({ theta: 0.1 }), L.dense({ units: 4 }), L.reLU({ maxValue: 0.5 }), L.batchNormalization({}), L.permute({ dims: [2, 1] }), L.softmax({ axis: -1 }), L.permute({ dims: [2, 1] }), L.dense({ units: 3, activation: 'gelu' })),
  'backwards-sequences': chain(L.gru(tagging(4, { goBackwards: true, ...numbers })), L.lstm(tagging(3, { goBackwards: true, recurrentActivation: 'hardSigmoid' })), L.dense({ units: 2, activation: 'hardSigmoid' })),
  'both-concat': merging('concat'),
  'both-sum': merging('sum'),
  'both-mul': merging('mul'),
  'both-ave': merging('ave'),
  'ids-pooled': chain(L.embedding({ ...ids, inputShape: undefined, inputLength: STEPS }), L.conv1d({ filters: 4, kernelSize: 2 }), L.maxPooling1d({}), L.gru(tagging(3))),
  joins: joins(),
  'handed-on': handedOn(),
  'one-row': chain(L.dense({ units: 3, inputShape: [3] }), L.leakyReLU({ alpha: 0.1 }), L.repeatVector({ n: 4 }), L.simpleRNN({ units: 2, returnSequences: true })),
});

const randomizeWeights = (model) =>
  model.setWeights(
    model.getWeights().map((weight, i) => {
      const variance = model.weights[i].originalName.endsWith('moving_variance');
      return tf.tensor(Float32Array.from({ length: weight.size }, () => (variance ? 1 + random() / 2 : random() * 0.7)), weight.shape);
    }),
  );
const input = (model, said = STEPS) => {
  const shape = model.inputs[0].shape;
  const steps = shape.length === 2 && shape[1] === 3 ? 1 : (shape[1] ?? said);
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
const predicted = (model, x) => model.predict(model.inputs[0].shape.length === 2 && x.rank === 3 ? x.squeeze([1]) : x).arraySync()[0];
const answer = (name, model, x) => (answers[name] = { x: x.arraySync()[0], y: predicted(model, x) });
for (const [name, model] of Object.entries(models)) {
  randomizeWeights(model);
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
  randomizeWeights(model);
  const x = input(model);
  const before = tf.zeros([1, (kernelSize - 1) * dilationRate, 3]);
  answers[name] = { x: x.arraySync()[0], y: model.predict(before.concat(x, 1)).arraySync()[0] };
  const saved = await artifacts(model);
  saved.modelTopology.config.layers[0].config.padding = 'causal';
  write(name, saved);
}
for (const [name, model] of Object.entries(operatorGraphs())) {
  randomizeWeights(model);
  answer(name, model, input(model));
  write(name, await artifacts(model));
}
/** Models among a model's layers. */
function within() {
  const x = tf.input({ shape: [null, 3], name: 'numbers' });
  const inner = tf.input({ shape: [null, 3], name: 'inner' });
  const rows = L.lstm({ ...tagging(3), name: 'inner-rows' }).apply(inner);
  const both = tf.model({ inputs: inner, outputs: [rows, L.globalMaxPooling1d({ name: 'inner-most' }).apply(rows)], name: 'reader' });
  const [all, most] = both.apply(x);
  const pooled = chain(L.dense({ units: 4, name: 'deep', inputShape: [null, 3] }), chain(L.leakyReLU({ name: 'bent', inputShape: [null, 4] }), L.globalAveragePooling1d({ name: 'mean' })));
  return tf.model({ inputs: x, outputs: L.concatenate({ name: 'answer' }).apply([pooled.apply(all), most]) });
}
const encoder = chain(L.lstm({ units: 4, ...sigmoid, ...numbers }), L.dense({ units: 3 }));
const decoder = chain(L.repeatVector({ n: 3, inputShape: [3] }), L.gru(tagging(4)), L.timeDistributed({ layer: L.dense({ units: 2 }) }));
const nested = {
  'models-in-a-row': chain(encoder, decoder),
  'models-within': within(),
  'models-as-layers': chain(chain(L.dense({ units: 4, ...numbers }), L.lstm(tagging(3))), L.dense({ units: 2 })),
};
for (const [name, model] of Object.entries(nested)) {
  randomizeWeights(model);
  answer(name, model, input(model));
  write(name, await artifacts(model));
}
// TensorFlow.js has these over two dimensions alone: here they are over one of them, a row high
{
  const tensor = (...shape) => tf.tensor(Float32Array.from({ length: shape.reduce((product, size) => product * size) }, random), shape);
  const parts = { 'apart/depthwise_kernel': tensor(3, 3, 2), 'apart/pointwise_kernel': tensor(1, 6, 4), 'apart/bias': tensor(4), 'each/depthwise_kernel': tensor(3, 4, 2), 'each/bias': tensor(8) };
  const high = (name) => parts[name].expandDims(0);
  const x = tf.tensor3d([Array.from({ length: STEPS }, () => [random(), random(), random()])]);
  const padded = x.pad([[0, 0], [1, 2], [0, 0]]).expandDims(1);
  const apart = tf.separableConv2d(padded, high('apart/depthwise_kernel'), high('apart/pointwise_kernel'), [2, 2], 'valid').add(parts['apart/bias']).tanh();
  const longer = apart.squeeze([1]).expandDims(2).tile([1, 1, 2, 1]).reshape([1, -1, 4]);
  const cut = longer.slice([0, 1, 0], [1, longer.shape[1] - 3, 4]);
  const each = tf.depthwiseConv2d(cut.expandDims(1), high('each/depthwise_kernel'), [1, 1], 'same').add(parts['each/bias']).relu().squeeze([1]);
  answers.apart = { x: x.arraySync()[0], y: each.mean(1).arraySync()[0] };
  const layer = (class_name, name, config) => ({ class_name, config: { name, ...config } });
  const layers = [
    layer('ZeroPadding1D', 'padded', { padding: [1, 2], batch_input_shape: [null, null, 3] }),
    layer('SeparableConv1D', 'apart', { filters: 4, kernel_size: [3], strides: [2], depth_multiplier: 2, activation: 'tanh' }),
    layer('UpSampling1D', 'longer', { size: 2 }),
    layer('Cropping1D', 'cut', { cropping: [1, 2] }),
    layer('DepthwiseConv1D', 'each', { kernel_size: 3, padding: 'same', depth_multiplier: 2, activation: 'relu' }),
    layer('GlobalAveragePooling1D', 'mean', {}),
  ];
  const weightSpecs = Object.entries(parts).map(([name, { shape }]) => ({ name, shape, dtype: 'float32' }));
  const weightData = Buffer.concat(Object.values(parts).map((part) => Buffer.from(Float32Array.from(part.dataSync()).buffer)));
  write('apart', { modelTopology: { class_name: 'Sequential', config: { layers } }, weightSpecs, weightData });
}
writeFileSync(join(folder, 'answers.json'), JSON.stringify(answers));
