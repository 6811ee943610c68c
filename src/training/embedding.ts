import { padded } from '../kernel/emit/emitter.ts';
import { emitGather } from '../kernel/emit/rows.ts';
import type { BuildContext, LearningLayer } from './layer.ts';

/** y[row] = table[ids[row]]. Its input is the packed ids as int32; it gives no gradient for them. */
export function learningEmbedding(
  { e, allocate, capacity }: BuildContext,
  name: string,
  shape: { vocabulary: number; units: number },
): LearningLayer {
  const { vocabulary, units } = shape;
  const width = padded(units);
  const table = allocate(vocabulary * width);
  const gradient = allocate(vocabulary * width);
  const y = allocate(capacity.packed * width);
  const gather = emitGather(e, units);
  let ids: Int32Array = new Int32Array();

  return {
    width: units,
    parameters: [{ name, values: table.values, gradient: gradient.values, decays: false }],
    refresh() {},
    reset() {},
    load(weights) {
      const { values } = weights.get(name)!;
      for (let id = 0; id < vocabulary; id++)
        table.values.set(values.subarray(id * units, (id + 1) * units), id * width);
    },
    save(weights) {
      const values = new Float32Array(vocabulary * units);
      for (let id = 0; id < vocabulary; id++)
        values.set(table.values.subarray(id * width, id * width + units), id * units);
      weights.set(name, { shape: [vocabulary, units], values });
    },
    forward({ functions, packed }, x) {
      ids = new Int32Array(x.values.buffer, x.address, packed);
      functions[gather]!(table.address, x.address, y.address, packed);
      return y;
    },
    backward({ packed }, dy) {
      for (let row = 0; row < packed; row++) {
        const to = ids[row]! * width;
        for (let unit = 0; unit < units; unit++)
          gradient.values[to + unit] = gradient.values[to + unit]! + dy.values[row * width + unit]!;
      }
      return dy;
    },
  };
}
