import { createArrayCollector, type Arrays, type FileArray } from '../arrays.ts';
import { invalidWeights, quote } from '../format-errors.ts';

// weight_norm (Salimans and Kingma 2016) stores a weight w as its length g and its direction v: w = g · v / ‖v‖.
// The norm is over the axes in which g has one element. PyTorch calls them `<name>_g` and `<name>_v`, and from
// version 2 on `parametrizations.<name>.original0` and `.original1`.

const length = /^(|.*\.)(?:parametrizations\.([^.]+)\.original0|([^.]+)_g)$/;

/** Replaces the length and direction of every weight by the weight. @throws UnrollError invalid_weights */
export function foldWeightNorm(arrays: Arrays): Arrays {
  const folded = createArrayCollector<FileArray>();
  const directions = new Set<string>();
  const found = new Map<string, { name: string; v: string }>();
  for (const key of arrays.keys()) {
    const [, prefix = '', parametrized, plain] = length.exec(key) ?? [];
    const v =
      parametrized === undefined
        ? `${prefix}${plain}_v`
        : `${prefix}parametrizations.${parametrized}.original1`;
    if ((parametrized ?? plain) === undefined || !arrays.has(v)) continue;
    found.set(key, { name: `${prefix}${parametrized ?? plain}`, v });
    directions.add(v);
  }
  for (const [key, array] of arrays) {
    const pair = found.get(key);
    if (pair) folded.add(pair.name, normalise(array, arrays.get(pair.v)!, pair.name));
    else if (!directions.has(key)) folded.add(key, array);
  }
  return folded.arrays;
}

/** g [1 or n₀, 1 or n₁, …], or [] for a norm over all axes; v [n₀, n₁, …] → w [n₀, n₁, …], summed in float64 */
function normalise(g: FileArray, v: FileArray, name: string): FileArray {
  const { shape, values } = v;
  const sizes = g.shape.length === 0 ? shape.map(() => 1) : g.shape;
  if (sizes.length !== shape.length || sizes.some((size, axis) => size !== 1 && size !== shape[axis]))
    invalidWeights(
      `the weight norm of ${quote(name)} has a length of [${g.shape.join(', ')}] for a direction of [${shape.join(', ')}]`,
    );
  const lengths = g.values;
  const squares = new Float64Array(lengths.length);
  const at = (index: number): number => {
    let rest = index;
    let place = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis]!;
      if (sizes[axis] !== 1) place += (rest % size) * stride;
      stride *= sizes[axis]!;
      rest = Math.floor(rest / size);
    }
    return place;
  };
  values.forEach((value, i) => (squares[at(i)]! += value * value));
  return {
    shape,
    values: values.map((value, i) => (value * lengths[at(i)]!) / Math.sqrt(squares[at(i)]!)),
    ...(v.rounded && { rounded: true }),
  };
}
