import type { RecurrentSpec } from './spec.ts';
import type { Tensor } from './weights.ts';
import type { gateOrders } from './weight-source.ts';

/** Where each of our gate blocks (LSTM i f g o, GRU r z n) stands in theirs. */
const places: Readonly<
  Record<(typeof gateOrders)[number], Readonly<Record<RecurrentSpec['cell'], readonly number[]>>>
> = {
  pytorch: { rnn: [0], gru: [0, 1, 2], lstm: [0, 1, 2, 3] },
  // LSTM i f c o, GRU z r h
  keras: { rnn: [0], gru: [1, 0, 2], lstm: [0, 1, 2, 3] },
  // LSTM i o f c, GRU z r h
  onnx: { rnn: [0], gru: [1, 0, 2], lstm: [0, 2, 3, 1] },
};

/** Blocks of rows of a matrix or a bias, from their order into ours. */
export function reorderGates(
  { shape, values }: Tensor,
  cell: RecurrentSpec['cell'],
  order: (typeof gateOrders)[number],
): Tensor {
  const place = places[order][cell];
  const block = values.length / place.length;
  if (place.every((from, to) => from === to) || !Number.isInteger(block)) return { shape, values };
  const ordered = new Float32Array(values.length);
  place.forEach((from, to) => ordered.set(values.subarray(from * block, (from + 1) * block), to * block));
  return { shape, values: ordered };
}

/** The way back: from our order into theirs. */
export function orderedGates(
  { shape, values }: Tensor,
  cell: RecurrentSpec['cell'],
  order: (typeof gateOrders)[number],
): Tensor {
  const place = places[order][cell];
  const block = values.length / place.length;
  const ordered = new Float32Array(values.length);
  place.forEach((to, from) => ordered.set(values.subarray(from * block, (from + 1) * block), to * block));
  return { shape, values: ordered };
}

/** Peephole weights of an LSTM [3·units]: i o f as ONNX has them, into ours, i f o. No other order is known to have any. */
export function reorderPeepholes({ shape, values }: Tensor, order: (typeof gateOrders)[number]): Tensor {
  const units = values.length / 3;
  if (order !== 'onnx' || !Number.isInteger(units)) return { shape, values };
  const ordered = values.slice();
  ordered.copyWithin(units, 2 * units);
  ordered.set(values.subarray(units, 2 * units), 2 * units);
  return { shape, values: ordered };
}
