import * as tf from '@tensorflow/tfjs';
import { answerRounds } from './rounds.ts';
import { batch, classes, embedding, inputs, steps, vocabulary, type TrainingCase } from './networks.ts';

// One contender of bench/train.ts: trains in TensorFlow.js, on its CPU back end.

const kind = process.argv[2] as TrainingCase['kind'];
const units = Number(process.argv[3]);
await tf.setBackend('cpu');
const { ids, targets } = inputs(kind);
// rows in the order [batch, steps], as Keras has them
const rows = Array.from({ length: batch }, (_, b) =>
  Array.from({ length: steps }, (__, t) => ids[t * batch + b]!),
);
const x = tf.tensor2d(rows, [batch, steps], 'int32');
const many = kind === 'language-model';
const y = many
  ? tf
      .tensor2d(
        Array.from({ length: batch }, (_, b) =>
          Array.from({ length: steps }, (__, t) => targets[t * batch + b]!),
        ),
      )
      .expandDims(2)
  : tf.tensor1d([...targets]);
const model = tf.sequential({
  layers: [
    tf.layers.embedding({ inputDim: vocabulary, outputDim: embedding, inputLength: steps }),
    tf.layers.lstm({ units, returnSequences: many, recurrentInitializer: 'glorotUniform' }),
    tf.layers.dense({ units: many ? vocabulary : classes, activation: 'softmax' }),
  ],
});
model.compile({ optimizer: tf.train.adam(1e-3), loss: 'sparseCategoricalCrossentropy' });

await answerRounds(tf.version.tfjs, async () => Number(await model.trainOnBatch(x, y)));
