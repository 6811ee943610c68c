import type { NetworkSpec } from '../src/network/spec.ts';
import type { Tensor, Weights } from '../src/network/weights.ts';

// Networks with random weights, in this server's own form. Uniform in ±1/√units, as PyTorch starts a
// recurrent layer.

export interface RandomNetwork {
  readonly spec: NetworkSpec;
  readonly weights: Weights;
}

export type Cell = 'lstm' | 'gru';
export const gateCounts = { lstm: 4, gru: 3 } as const;

/** One recurrent layer over features, inputs as many as units. */
export function sequenceNetwork(
  { cell, units, bidirectional }: { cell: Cell; units: number; bidirectional: boolean },
  seed = 1,
): RandomNetwork {
  const random = uniform(seed);
  const directions = bidirectional ? (['forward', 'backward'] as const) : (['forward'] as const);
  return {
    spec: { layers: [recurrentLayer(cell, units, bidirectional)], bridge: 'dense' },
    weights: new Map(
      directions.flatMap((direction) => [...recurrentWeights(cell, units, direction, random)]),
    ),
  };
}

/** Embedding → LSTM → logits: one step of text generation. */
export function generationNetwork(units: number, vocabulary: number, seed = 1): RandomNetwork {
  const random = uniform(seed);
  const bound = 1 / Math.sqrt(units);
  const weights = new Map(recurrentWeights('lstm', units, 'forward', random));
  weights.set('embedding.weight', randomTensor([vocabulary, units], 1, random));
  weights.set('logits.weight', randomTensor([vocabulary, units], bound, random));
  weights.set('logits.bias', randomTensor([vocabulary], bound, random));
  return {
    spec: {
      bridge: 'dense',
      layers: [
        { type: 'embedding', name: 'embedding', vocabulary, units },
        recurrentLayer('lstm', units, false),
        { type: 'dense', name: 'logits', units: vocabulary, activation: 'linear' },
      ],
    },
    weights,
  };
}

/** Numbers in [-1, 1), the same for the same seed (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

function recurrentLayer(cell: Cell, units: number, bidirectional: boolean): NetworkSpec['layers'][number] {
  return {
    type: 'recurrent',
    name: 'recurrent',
    cell,
    units,
    activation: 'tanh',
    reset: 'after',
    layers: 1,
    bidirectional,
    merge: 'concat',
    backward_at: 'step',
    recurrent_dropout: 0,
  };
}

function recurrentWeights(
  cell: Cell,
  units: number,
  direction: 'forward' | 'backward',
  random: () => number,
): Weights {
  const bound = 1 / Math.sqrt(units);
  const rows = gateCounts[cell] * units;
  return new Map([
    [`recurrent.0.${direction}.weight_ih`, randomTensor([rows, units], bound, random)],
    [`recurrent.0.${direction}.weight_hh`, randomTensor([rows, units], bound, random)],
    [`recurrent.0.${direction}.bias_ih`, randomTensor([rows], bound, random)],
    [`recurrent.0.${direction}.bias_hh`, randomTensor([rows], bound, random)],
  ]);
}

function randomTensor(shape: readonly number[], bound: number, random: () => number): Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return { shape, values: Float32Array.from({ length: size }, () => random() * bound) };
}
