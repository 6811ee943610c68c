import type { Cell } from './cell.ts';

// The tensors of one direction of a recurrent layer. Matrices and biases have a block of `units` rows a gate.

/** Names in a weights file, after the layer, level and direction. */
export const tensorNames = {
  weightIh: 'weight_ih',
  weightHh: 'weight_hh',
  biasIh: 'bias_ih',
  biasHh: 'bias_hh',
  peephole: 'peephole',
  initialH: 'initial_h',
  initialC: 'initial_c',
} as const;
export type TensorPart = keyof typeof tensorNames;

/** Those that every cell has, then those of cells with a recurrent product or of layers that ask for them. */
export type DirectionTensors = Readonly<Record<'weightIh' | 'biasIh', string>> &
  Readonly<Partial<Record<TensorPart, string>>>;

interface LayerShape {
  readonly units: number;
  readonly inner: number;
  readonly peepholes?: boolean | undefined;
  readonly initialState?: boolean | undefined;
}

/** Shapes of the tensors that a direction of a layer has, in the order of the file. */
export function tensorShapes(
  cell: Cell,
  { units, inner, peepholes = false, initialState = false }: LayerShape,
): [part: TensorPart, shape: readonly number[]][] {
  const rows = cell.gates.length * units;
  const productRows = gatesWithProduct(cell).length * units;
  const hasProduct = productRows > 0;
  const shapes: Readonly<Record<TensorPart, readonly number[] | null>> = {
    weightIh: [rows, inner],
    weightHh: hasProduct ? [productRows, units] : null,
    biasIh: [rows],
    biasHh: hasProduct ? [productRows] : null,
    peephole: peepholes && cell.peepholes ? [cell.peepholes.length * units] : null,
    initialH: initialState ? [units] : null,
    initialC: initialState && cell.states.includes('c') ? [units] : null,
  };
  return (Object.keys(shapes) as TensorPart[]).flatMap((part) =>
    shapes[part] ? [[part, shapes[part]] as const satisfies [TensorPart, readonly number[]]] : [],
  );
}

/** Indexes of the gates that have rows in the recurrent matrix. */
export const gatesWithProduct = ({ gates }: Cell): number[] =>
  gates.flatMap(({ product }, gate) => (product === 'none' ? [] : [gate]));

/**
 * The biases as the kernel adds them: one a gate beside the input projection, [gates·units], and those
 * recurrent ones that stay separate, [separate gates·units].
 * @param biasHh of the gates with a product
 */
export function combineBiases(
  cell: Cell,
  units: number,
  biasIh: Float32Array,
  biasHh: Float32Array,
): { combined: Float32Array; separate: Float32Array } {
  const combined = biasIh.slice();
  const separate: number[] = [];
  gatesWithProduct(cell).forEach((gate, index) => {
    for (let unit = 0; unit < units; unit++) {
      const recurrent = biasHh[index * units + unit]!;
      if (cell.gates[gate]!.product === 'separate_bias') separate.push(recurrent);
      else combined[gate * units + unit] = Math.fround(combined[gate * units + unit]! + recurrent);
    }
  });
  return { combined, separate: Float32Array.from(separate) };
}
