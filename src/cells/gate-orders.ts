import { UnrollError } from '../errors.ts';
import type { Cell } from './cell.ts';

// Gate blocks of a recurrent layer's matrices and biases, between the order of another format and ours.

/** Ours is PyTorch's. */
export const gateOrders = ['pytorch', 'keras', 'onnx'] as const;
export type GateOrder = (typeof gateOrders)[number];

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * The place of each of our gate blocks in a format. @throws UnrollError invalid_weights if the format has no
 * such cell
 */
function placesIn(order: GateOrder, { name, gates, sources }: Cell): readonly number[] {
  if (order === 'pytorch') return gates.map((_, gate) => gate);
  const source = sources[order];
  if (source) return source.gateOrder;
  throw new UnrollError('invalid_weights', `gates: ${order} has no order of gates for a ${name}`);
}

/** Puts the gate blocks of a matrix or a bias from a format's order into ours. */
export const reorderGates = (tensor: Tensor, cell: Cell, order: GateOrder): Tensor =>
  fromPlaces(tensor, placesIn(order, cell));

/** Puts gate blocks from our order into a format's. */
export function exportGates({ shape, values }: Tensor, cell: Cell, order: GateOrder): Tensor {
  const places = placesIn(order, cell);
  const inverse = places.map((_, place) => places.indexOf(place));
  return fromPlaces({ shape, values }, inverse);
}

/** Puts blocks of peephole weights, which a format has in the order of its gates, into ours. */
export function reorderPeepholes(tensor: Tensor, cell: Cell, order: GateOrder): Tensor {
  const places = placesIn(order, cell);
  const own = (cell.peepholes ?? []).map(
    (name) => places[cell.gates.findIndex((gate) => gate.name === name)]!,
  );
  const sorted = own.toSorted((a, b) => a - b);
  return fromPlaces(
    tensor,
    own.map((place) => sorted.indexOf(place)),
  );
}

function fromPlaces({ shape, values }: Tensor, places: readonly number[]): Tensor {
  const block = values.length / places.length;
  if (places.every((from, to) => from === to) || !Number.isInteger(block)) return { shape, values };
  const ordered = new Float32Array(values.length);
  places.forEach((from, to) => ordered.set(values.subarray(from * block, (from + 1) * block), to * block));
  return { shape, values: ordered };
}
