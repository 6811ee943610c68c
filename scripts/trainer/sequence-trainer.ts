import { createRng } from '../../src/decoding/rng.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import { padded } from '../../src/kernel/emit/emitter.ts';
import type { Tensor, Weights } from '../../src/network/weights.ts';
import { createAdam } from './adam.ts';
import { clipGradients } from './clip.ts';
import { createDropout } from './dropout.ts';
import { gruGradient } from './gru-gradient.ts';
import { lstmGradient } from './lstm-gradient.ts';
import { addRows, createMatrix, fillRows, transpose, type Matrix } from './matrix.ts';
import { createParameter, randomise, type Parameter } from './parameter.ts';
import { createProducts } from './product.ts';
import { createRecurrentGradient, startRecurrent } from './recurrent-gradient.ts';
import { softmaxLoss } from './softmax-loss.ts';

// The network both shipped models are: ids → embedding → one recurrent layer → dense softmax.

export interface TrainerOptions {
  readonly cell: 'lstm' | 'gru';
  readonly vocabulary: number;
  readonly embedding: number;
  readonly units: number;
  readonly classes: number;
  /** Sequences of a batch. */
  readonly batch: number;
  /** Most steps of a batch. */
  readonly steps: number;
  readonly seed: number;
  /** Rate of dropout on the recurrent layer's output. */
  readonly dropout?: number;
  readonly clip?: number;
}

/** ids and classes lie time-major: step t of sequence b at t·batch + b. */
export interface Batch {
  readonly ids: ArrayLike<number>;
  readonly steps: number;
  /** Rows whose output is judged, and the class that is right for each. */
  readonly judged: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
  readonly state: 'zero' | 'carried';
}

export interface SequenceTrainer {
  /** Adds the gradient of the batch. @returns mean cross entropy of the judged rows, nats */
  gradient(batch: Batch): number;
  /** Clips and follows the gradient, then clears it. */
  step(rate: number): void;
  /** Values or gradients under the names and shapes of a model file with layers embedding, recurrent, dense. */
  weights(of?: 'value' | 'gradient'): Weights;
}

export function createSequenceTrainer(options: TrainerOptions, kernel: Kernel): SequenceTrainer {
  const { memory } = kernel;
  const { vocabulary, units, classes, batch, seed, clip = 1 } = options;
  const cell = options.cell === 'lstm' ? lstmGradient : gruGradient;
  const products = createProducts(kernel);
  const rng = createRng(seed);
  const rows = options.steps * batch;
  const size = { inner: options.embedding, units, batch, steps: options.steps };

  const embedding = createParameter(memory, vocabulary, options.embedding);
  const recurrent = createRecurrentGradient(cell, size, memory, products);
  const dense = createParameter(memory, units, classes);
  const bias = createParameter(memory, 1, classes);
  randomise(embedding, rng, 0.5);
  startRecurrent(recurrent, cell.gates, units, rng);
  if (options.cell === 'lstm') openForgetGate(recurrent.parameters.biasIh, units);
  randomise(dense, rng, 1 / Math.sqrt(units));
  const parameters = { embedding, ...recurrent.parameters, dense, bias };
  const adam = createAdam(Object.values(parameters));

  const x = createMatrix(memory, rows, options.embedding);
  const dx = createMatrix(memory, rows, options.embedding);
  const dy = createMatrix(memory, rows, units);
  const read = createMatrix(memory, rows, units);
  const readGradient = createMatrix(memory, rows, units);
  const readTransposed = createMatrix(memory, units, rows);
  const logits = createMatrix(memory, rows, classes);
  const denseTransposed = createMatrix(memory, classes, units);
  const dropout = createDropout(options.dropout ?? 0, createRng(seed, 1), read.values.length);

  return {
    gradient({ ids, steps, judged, classes: right, state }) {
      const active = steps * batch;
      const count = judged.length;
      recurrent.begin(state);
      for (let r = 0; r < active; r++) x.values.set(rowOf(embedding.value, ids[r]!), r * x.stride);
      const h = recurrent.forward(x, steps);
      for (let r = 0; r < count; r++) read.values.set(rowOf(h, judged[r]!), r * read.stride);
      dropout.apply(read, count);
      fillRows(logits, bias.value, count);
      products.multiplyAdd(read, products.pack(dense.value), logits, count);
      const loss = softmaxLoss(logits, right, count);

      addRows(logits, bias.gradient, count);
      transpose(read, readTransposed, count);
      products.multiplyAdd(readTransposed, products.pack(logits, count), dense.gradient, units);
      transpose(dense.value, denseTransposed);
      readGradient.values.fill(0, 0, count * readGradient.stride);
      products.multiplyAdd(logits, products.pack(denseTransposed), readGradient, count);
      dropout.again(readGradient, count);
      dy.values.fill(0, 0, active * dy.stride);
      for (let r = 0; r < count; r++) addTo(dy.values, judged[r]! * dy.stride, rowOf(readGradient, r));
      recurrent.backward(x, dy, dx);
      for (let r = 0; r < active; r++)
        addTo(embedding.gradient.values, ids[r]! * embedding.value.stride, rowOf(dx, r));
      return loss;
    },

    step(rate) {
      clipGradients(Object.values(parameters), clip);
      adam(rate);
    },

    weights(of = 'value') {
      const gates = Array.from({ length: cell.gates }, (_, gate) => gate * padded(units));
      const { weightIh, weightHh, biasIh, biasHh } = recurrent.parameters;
      const vector = ({ values }: Tensor): Tensor => ({ shape: [values.length], values });
      return new Map<string, Tensor>([
        ['embedding.weight', sameTensor(embedding[of])],
        ['recurrent.0.forward.weight_ih', turnedTensor(weightIh[of], gates, units)],
        ['recurrent.0.forward.weight_hh', turnedTensor(weightHh[of], gates, units)],
        ['recurrent.0.forward.bias_ih', vector(turnedTensor(biasIh[of], gates, units))],
        ['recurrent.0.forward.bias_hh', vector(turnedTensor(biasHh[of], gates, units))],
        ['dense.weight', turnedTensor(dense[of], [0], classes)],
        ['dense.bias', vector(turnedTensor(bias[of], [0], classes))],
      ]);
    },
  };
}

const rowOf = ({ values, stride }: Matrix, row: number): Float32Array =>
  values.subarray(row * stride, (row + 1) * stride);

function addTo(sum: Float32Array, at: number, row: Float32Array): void {
  for (let k = 0; k < row.length; k++) sum[at + k]! += row[k]!;
}

/** A forget gate that begins open keeps gradients alive over long spans (Gers et al. 2000; Jozefowicz et al. 2015). */
function openForgetGate({ value }: Parameter, units: number): void {
  value.values.fill(1, padded(units), padded(units) + units);
}

/** [in, out] in memory → [out, in] in the file, of the columns from each start on. */
function turnedTensor(matrix: Matrix, starts: readonly number[], width: number): Tensor {
  const columns = starts.flatMap((start) => Array.from({ length: width }, (_, u) => start + u));
  const shape = [columns.length, matrix.rows];
  const values = new Float32Array(columns.length * matrix.rows);
  columns.forEach((column, out) => {
    for (let r = 0; r < matrix.rows; r++)
      values[out * matrix.rows + r] = matrix.values[r * matrix.stride + column]!;
  });
  return { shape, values };
}

function sameTensor(matrix: Matrix): Tensor {
  const values = new Float32Array(matrix.rows * matrix.columns);
  for (let r = 0; r < matrix.rows; r++)
    values.set(rowOf(matrix, r).subarray(0, matrix.columns), r * matrix.columns);
  return { shape: [matrix.rows, matrix.columns], values };
}
