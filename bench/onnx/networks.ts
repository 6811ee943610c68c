import { type Cell, gateCounts, type RandomNetwork } from '../random-network.ts';
import { encodeModel, type OnnxNode, type OnnxTensor } from './model.ts';

// The benchmark's networks as ONNX, from the same weights. Gate orders differ:
// ours LSTM i, f, g, o and GRU r, z, n; ONNX LSTM i, o, f, g and GRU z, r, n.
const onnxGates = { lstm: [0, 3, 1, 2], gru: [1, 0, 2] } as const;

/** X [T, B, units] → Y [T, 1, B, units], from a zero state. */
export function sequenceOnnx(cell: Cell, units: number, network: RandomNetwork): Uint8Array {
  return encodeModel({
    name: `${cell}${units}`,
    nodes: [recurrentNode(cell, units, ['X', 'W', 'R', 'B'], ['Y'])],
    initializers: recurrentTensors(cell, units, network),
    inputs: [{ name: 'X', type: 'float32', shape: ['T', 'B', units] }],
    outputs: [{ name: 'Y', type: 'float32', shape: ['T', 1, 'B', units] }],
  });
}

/** ids [1, B], h0 and c0 [1, B, units] → logits [B, vocabulary], h1 and c1. */
export function generationOnnx(units: number, vocabulary: number, network: RandomNetwork): Uint8Array {
  const state = (name: string) => ({ name, type: 'float32', shape: [1, 'B', units] }) as const;
  return encodeModel({
    name: `generation${units}`,
    nodes: [
      { operator: 'Gather', inputs: ['embedding', 'ids'], outputs: ['x'] },
      recurrentNode('lstm', units, ['x', 'W', 'R', 'B', '', 'h0', 'c0'], ['', 'h1', 'c1']),
      { operator: 'Reshape', inputs: ['h1', 'flat'], outputs: ['h'] },
      {
        operator: 'Gemm',
        inputs: ['h', 'logitsWeight', 'logitsBias'],
        outputs: ['logits'],
        attributes: { transB: 1 },
      },
    ],
    initializers: [
      ...recurrentTensors('lstm', units, network),
      { name: 'embedding', shape: [vocabulary, units], values: getValues(network, 'embedding.weight') },
      { name: 'logitsWeight', shape: [vocabulary, units], values: getValues(network, 'logits.weight') },
      { name: 'logitsBias', shape: [vocabulary], values: getValues(network, 'logits.bias') },
      { name: 'flat', shape: [2], values: BigInt64Array.of(-1n, BigInt(units)) },
    ],
    inputs: [{ name: 'ids', type: 'int64', shape: [1, 'B'] }, state('h0'), state('c0')],
    outputs: [{ name: 'logits', type: 'float32', shape: ['B', vocabulary] }, state('h1'), state('c1')],
  });
}

function recurrentNode(cell: Cell, units: number, inputs: string[], outputs: string[]): OnnxNode {
  const attributes = { hidden_size: units, ...(cell === 'gru' && { linear_before_reset: 1 }) };
  return { operator: cell.toUpperCase(), inputs, outputs, attributes };
}

// W [1, G·units, units]  R [1, G·units, units]  B [1, 2·G·units]
function recurrentTensors(cell: Cell, units: number, network: RandomNetwork): OnnxTensor[] {
  const rows = gateCounts[cell] * units;
  const reordered = (part: string) =>
    onnxGates[cell].map((gate) => {
      const values = getValues(network, `recurrent.0.forward.${part}`);
      const length = values.length / gateCounts[cell];
      return values.subarray(gate * length, (gate + 1) * length);
    });
  return [
    { name: 'W', shape: [1, rows, units], values: joined(reordered('weight_ih')) },
    { name: 'R', shape: [1, rows, units], values: joined(reordered('weight_hh')) },
    {
      name: 'B',
      shape: [1, 2 * rows],
      values: joined([...reordered('bias_ih'), ...reordered('bias_hh')]),
    },
  ];
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
