import type { RecurrentSpec } from '../../network/layers/recurrent/schema.ts';
import type { Tensor } from '../../network/weights.ts';
import type { RecurrentModule } from './recurrent-module.ts';

/** Layers, and their tensors by our names. */
interface Converted {
  readonly layers: object[];
  readonly weights: Map<string, Tensor>;
}

/** Converts a recurrent module: one layer, or with a projection two for every level. @param named its layer's name */
export function convertRecurrent(module: RecurrentModule, named: string): Converted {
  const { cell, units, levels, bidirectional, width, projected, single, tensors } = module;
  const common = { type: 'recurrent', cell, units, bidirectional } satisfies Partial<RecurrentSpec>;
  const layers: object[] = projected ? [] : [{ ...common, name: named, layers: levels }];
  const weights = new Map<string, Tensor>();
  const directions = bidirectional ? (['forward', 'backward'] as const) : (['forward'] as const);
  for (let level = 0; level < levels; level++) {
    const name = projected ? `${named}_${level}` : named;
    const projections: Tensor[] = [];
    for (const direction of directions) {
      const suffix = single ? '' : `_l${level}${direction === 'backward' ? '_reverse' : ''}`;
      const get = (part: string): Tensor | undefined => tensors.get(part + suffix);
      const weightIh = get('weight_ih')!;
      const projection = get('weight_hr');
      if (projection) projections.push(projection);
      const path = `${name}.${projected ? 0 : level}.${direction}`;
      const bias = zeros(weightIh.shape[0]!);
      weights
        .set(`${path}.weight_ih`, weightIh)
        // W_hh reads the projected state; W_hh·W_hr reads the full state with the same result
        .set(`${path}.weight_hh`, projection ? multiply(get('weight_hh')!, projection) : get('weight_hh')!)
        .set(`${path}.bias_ih`, get('bias_ih') ?? bias)
        .set(`${path}.bias_hh`, get('bias_hh') ?? bias);
    }
    if (!projected) continue;
    layers.push({ ...common, name }, { type: 'dense', name: `${name}_projection`, units: width });
    weights
      .set(`${name}_projection.weight`, blockDiagonal(projections))
      .set(`${name}_projection.bias`, zeros(width));
  }
  return { layers, weights };
}

const zeros = (length: number): Tensor => ({ shape: [length], values: new Float32Array(length) });

/** Multiplies A [m, k] by B [k, n], summed in float64. */
function multiply(a: Tensor, b: Tensor): Tensor {
  const [m = 0, k = 0] = a.shape;
  const [, n = 0] = b.shape;
  const values = new Float32Array(m * n);
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    for (let l = 0; l < k; l++)
      for (let j = 0; j < n; j++) row[j] = row[j]! + a.values[i * k + l]! * b.values[l * n + j]!;
    values.set(row, i * n);
  }
  return { shape: [m, n], values };
}

/** Puts matrices along the diagonal of a matrix of zeros. */
function blockDiagonal(blocks: readonly Tensor[]): Tensor {
  const rows = blocks.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const columns = blocks.reduce((sum, { shape }) => sum + shape[1]!, 0);
  const values = new Float32Array(rows * columns);
  let row = 0;
  let column = 0;
  for (const { shape, values: block } of blocks) {
    const width = shape[1]!;
    for (let i = 0; i < shape[0]!; i++)
      values.set(block.subarray(i * width, (i + 1) * width), (row + i) * columns + column);
    row += shape[0]!;
    column += width;
  }
  return { shape: [rows, columns], values };
}
