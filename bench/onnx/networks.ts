import type { GenerationCase, SequenceCase } from '../cases.ts';
import { type Cell, gateCounts, type RandomNetwork } from '../random-network.ts';
import { encodeModel, type OnnxNode, type OnnxTensor } from './model.ts';

// The benchmark's networks as ONNX, from the same weights. Gate orders differ:
// ours LSTM i, f, g, o and GRU r, z, n; ONNX LSTM i, o, f, g and GRU z, r, n.
const onnxGates = { lstm: [0, 3, 1, 2], gru: [1, 0, 2] } as const;

type Peer = SequenceCase['peer'];
type Direction = 'forward' | 'backward';
const directionsOf = (bidirectional: boolean): readonly Direction[] =>
  bidirectional ? ['forward', 'backward'] : ['forward'];

/** X [T, B, units] → Y [T, directions, B, units], from a zero state. */
export function sequenceOnnx(
  { cell, units, bidirectional, peer }: SequenceCase,
  network: RandomNetwork,
): Uint8Array {
  const directions = directionsOf(bidirectional);
  return encodeModel({
    name: `${cell}${units}`,
    nodes: [recurrentNode({ cell, units, peer, directions }, 'X', [], ['Y'])],
    initializers: recurrentTensors({ cell, units, peer, directions }, network),
    inputs: [{ name: 'X', type: 'float32', shape: ['T', 'B', units] }],
    outputs: [{ name: 'Y', type: 'float32', shape: ['T', directions.length, 'B', units] }],
  });
}

/** ids [1, B], h0 and c0 [1, B, units] → logits [B, vocabulary], h1 and c1. */
export function generationOnnx(
  { units, vocabulary, peer }: GenerationCase,
  network: RandomNetwork,
): Uint8Array {
  const layer = { cell: 'lstm', units, peer, directions: directionsOf(false) } as const;
  const state = (name: string) => ({ name, type: 'float32', shape: [1, 'B', units] }) as const;
  return encodeModel({
    name: `generation${units}`,
    nodes: [
      { operator: 'Gather', inputs: ['embedding', 'ids'], outputs: ['x'] },
      recurrentNode(layer, 'x', ['h0', 'c0'], ['', 'h1', 'c1']),
      { operator: 'Reshape', inputs: ['h1', 'flat'], outputs: ['h'] },
      {
        operator: 'Gemm',
        inputs: ['h', 'logitsWeight', 'logitsBias'],
        outputs: ['logits'],
        attributes: { transB: 1 },
      },
    ],
    initializers: [
      ...recurrentTensors(layer, network),
      { name: 'embedding', shape: [vocabulary, units], values: getValues(network, 'embedding.weight') },
      { name: 'logitsWeight', shape: [vocabulary, units], values: getValues(network, 'logits.weight') },
      { name: 'logitsBias', shape: [vocabulary], values: getValues(network, 'logits.bias') },
      { name: 'flat', shape: [2], values: BigInt64Array.of(-1n, BigInt(units)) },
    ],
    inputs: [{ name: 'ids', type: 'int64', shape: [1, 'B'] }, state('h0'), state('c0')],
    outputs: [{ name: 'logits', type: 'float32', shape: ['B', vocabulary] }, state('h1'), state('c1')],
  });
}

interface Layer {
  readonly cell: Cell;
  readonly units: number;
  readonly peer: Peer;
  readonly directions: readonly Direction[];
}

function recurrentNode(
  { cell, units, peer, directions }: Layer,
  x: string,
  states: readonly string[],
  outputs: string[],
): OnnxNode {
  const attributes = {
    hidden_size: units,
    ...(cell === 'gru' && { linear_before_reset: 1 }),
    ...(directions.length > 1 && { direction: 'bidirectional' }),
  };
  const inputs = [x, 'W', 'R', 'B', ...(states.length > 0 ? ['', ...states] : [])];
  if (peer === 'float32') return { operator: cell.toUpperCase(), inputs, outputs, attributes };
  return {
    operator: 'DynamicQuantizeLSTM',
    domain: 'com.microsoft',
    inputs: [
      x,
      'W',
      'R',
      'B',
      '',
      states[0] ?? '',
      states[1] ?? '',
      '',
      'W_scale',
      'W_zero',
      'R_scale',
      'R_zero',
    ],
    outputs,
    attributes,
  };
}

// float32: W, R [directions, G·units, units]  B [directions, 2·G·units]
// int8: W, R [directions, units, G·units], scales and zero points [directions, G·units]
function recurrentTensors({ cell, units, peer, directions }: Layer, network: RandomNetwork): OnnxTensor[] {
  const rows = gateCounts[cell] * units;
  const count = directions.length;
  const reordered = (direction: Direction, part: string) =>
    onnxGates[cell].map((gate) => {
      const values = getValues(network, `recurrent.0.${direction}.${part}`);
      const length = values.length / gateCounts[cell];
      return values.subarray(gate * length, (gate + 1) * length);
    });
  const all = (...parts: string[]) =>
    joined(directions.flatMap((direction) => parts.flatMap((part) => reordered(direction, part))));
  const bias = { name: 'B', shape: [count, 2 * rows], values: all('bias_ih', 'bias_hh') };
  const matrices = [
    { name: 'W', values: all('weight_ih') },
    { name: 'R', values: all('weight_hh') },
  ];
  if (peer === 'float32')
    return [...matrices.map(({ name, values }) => ({ name, shape: [count, rows, units], values })), bias];
  const quantised = matrices.flatMap(({ name, values }) => {
    const { integers, scales } = quantiseRows(values, count, rows, units);
    return [
      { name, shape: [count, units, rows], values: integers },
      { name: `${name}_scale`, shape: [count, rows], values: scales },
      { name: `${name}_zero`, shape: [count, rows], values: new Int8Array(count * rows) },
    ];
  });
  return [...quantised, bias];
}

/** [count, rows, units] → integers [count, units, rows] and scales [count, rows], by each row's largest magnitude. */
function quantiseRows(
  values: Float32Array,
  count: number,
  rows: number,
  units: number,
): { integers: Int8Array; scales: Float32Array } {
  const integers = new Int8Array(values.length);
  const scales = new Float32Array(count * rows);
  for (let block = 0; block < count; block++)
    for (let row = 0; row < rows; row++) {
      const first = (block * rows + row) * units;
      const own = values.subarray(first, first + units);
      const scale = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
      scales[block * rows + row] = scale;
      own.forEach((value, k) => (integers[(block * units + k) * rows + row] = Math.round(value / scale)));
    }
  return { integers, scales };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function getValues(network: RandomNetwork, name: string): Float32Array {
  const tensor = network.weights.get(name);
  if (!tensor) throw new Error(`the random network has no ${name}`);
  return tensor.values;
}
