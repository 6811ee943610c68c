import { padded } from '../../../kernel/layout.ts';
import { emitConcat, emitGather } from '../../../kernel/emit/rows.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { EmbeddingNode, EmbeddingSpec } from './embedding.ts';
import type { Block, BuildContext, LearningLayer } from '../../learning/layer.ts';

export const learn: LayerLearning<EmbeddingNode> = {
  create: (context, { tensors, layer }) => learningEmbedding(context, tensors.weight, layer),
};

/**
 * y[row] = table[ids[row]], for several ids a step [table[ids₀[row]], table[ids₁[row]], …]. Its input is the
 * packed ids as int32, column after column; they have no gradient.
 */
function learningEmbedding(
  { e, allocate, capacity }: BuildContext,
  name: string,
  { vocabulary, units, columns: { first, count } = { first: 0, count: 1 } }: EmbeddingSpec,
): LearningLayer {
  const width = padded(units);
  const stride = padded(units * count);
  const table = allocate(vocabulary * width);
  const gradient = allocate(vocabulary * width);
  const touched = new Uint8Array(new SharedArrayBuffer(vocabulary));
  const gather = emitGather(e, units);
  const concat = count > 1 ? emitConcat(e, Array<number>(count).fill(units)) : null;
  const looked = Array.from({ length: count }, () => allocate(capacity.packed * width));
  const y: Block = concat === null ? looked[0]! : allocate(capacity.packed * stride + 16);
  let ids: readonly Int32Array[] = [];

  return {
    width: units * count,
    parameters: [{ name, values: table.values, gradient: gradient.values, decays: false, touched }],
    carried: [],
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
    forward({ functions, packed }, [x]) {
      const at = (column: number): number => x!.address + (first + column) * packed * 4;
      ids = looked.map((_, column) => new Int32Array(x!.values.buffer, at(column), packed));
      looked.forEach(({ address }, column) => functions[gather]!(table.address, at(column), address, packed));
      if (concat !== null) functions[concat]!(...looked.map(({ address }) => address), y.address, packed);
      return y;
    },
    backward({ packed }, dy) {
      for (let row = 0; row < packed; row++)
        for (let column = 0; column < count; column++) {
          const id = ids[column]![row]!;
          touched[id] = 1;
          const to = id * width;
          const from = row * stride + column * units;
          for (let unit = 0; unit < units; unit++)
            gradient.values[to + unit] = gradient.values[to + unit]! + dy.values[from + unit]!;
        }
      return [];
    },
  };
}
