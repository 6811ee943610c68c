import { padded } from '../../../kernel/layout.ts';
import { emitAttention, emitAttentionBackward } from './emit.ts';
import { denseOrder } from '../../../kernel/pack.ts';
import type { LayerLearning } from '../layer-learning.ts';
import type { AttentionNode, AttentionTensors } from './attention.ts';
import { activeRows } from '../layer.ts';
import type { Tensor } from '../../weights.ts';
import { createMatrix, type Matrix } from '../../learning/matrix.ts';
import type { Block, BuildContext, LearningLayer, Pass } from '../../learning/layer.ts';

interface Shape {
  readonly score: 'dot' | 'general' | 'additive';
  readonly units: number;
  readonly queryWidth: number;
  readonly memoryWidth: number;
}

export const learn: LayerLearning<AttentionNode> = {
  readsMemory: true,
  create: (context, { layer, tensors, inputWidths, memoryWidth }) =>
    learningAttention(context, tensors, {
      score: layer.score,
      units: layer.units,
      queryWidth: inputWidths[0]!,
      memoryWidth,
    }),
};

/**
 * Reads [query, memory] and returns, for every step of the decoder, the weighted sum of its source's steps.
 * Every source's rows are first copied to contiguous memory, so that each query reads contiguous rows.
 */
function learningAttention(context: BuildContext, tensors: AttentionTensors, shape: Shape): LearningLayer {
  const { e, allocate, capacity, sourceCapacity } = context;
  const { score, units, queryWidth, memoryWidth } = shape;
  const keyWidth = score === 'additive' ? units : queryWidth;
  const [queryStride, keyStride, memoryStride] = [padded(queryWidth), padded(keyWidth), padded(memoryWidth)];
  const ofSource = { ...context, capacity: sourceCapacity };

  const keyMatrix = createKeyMatrix(ofSource, tensors, shape);
  const queryMatrix =
    score === 'additive'
      ? createMatrix(
          context,
          { weight: tensors.query, bias: null },
          { inner: queryWidth, order: denseOrder(units) },
        )
      : null;
  const vector = score === 'additive' ? allocate(keyStride) : null;
  const dVector = score === 'additive' ? allocate(keyStride) : null;
  const kernelShape = {
    score: score === 'additive' ? 'additive' : 'product',
    keyWidth,
    memoryWidth,
  } as const;
  const attend = emitAttention(e, kernelShape);
  const attendBack = emitAttentionBackward(e, kernelShape);

  const sorted = allocate(sourceCapacity.packed * memoryStride);
  const keys = keyMatrix ? allocate(sourceCapacity.packed * keyStride) : sorted;
  const dSorted = allocate(sourceCapacity.packed * memoryStride);
  const dKeys = allocate(sourceCapacity.packed * keyStride);
  const dThroughKeys = keyMatrix ? allocate(sourceCapacity.packed * memoryStride) : null;
  const dMemory = allocate(sourceCapacity.packed * memoryStride);
  const queries = queryMatrix ? allocate(capacity.packed * keyStride) : null;
  const dQueries = allocate(capacity.packed * keyStride);
  const dQuery = queryMatrix ? allocate(capacity.packed * queryStride) : dQueries;
  const y = allocate(capacity.packed * memoryStride);
  /** A row a step of the decoder, as long as the longest source. */
  let weightStride = 0;
  const longest = sourceCapacity.steps ?? sourceCapacity.packed;
  const weights = allocate(capacity.packed * longest);
  const slopes = allocate(sourceCapacity.packed);
  let query: Block = dQuery;

  /** Offset and number of each source row's steps in contiguous memory. */
  let firsts = new Int32Array(0);
  let lengths = new Int32Array(0);
  const layOut = ({ source }: Pass): void => {
    const { plan } = source!;
    const rows = plan.offsets[1] ?? 0;
    lengths = new Int32Array(rows);
    for (let t = 0; t < plan.steps; t++) for (let r = 0; r < activeRows(plan, t); r++) lengths[r] = t + 1;
    firsts = new Int32Array(rows);
    for (let r = 1; r < rows; r++) firsts[r] = firsts[r - 1]! + lengths[r - 1]!;
    weightStride = plan.steps;
    if (weightStride > longest)
      throw new RangeError(`a source of ${weightStride} steps, the maximum is ${longest}`);
  };
  /** Copies packed rows to contiguous rows of each source, or back. */
  const rearrange = (
    { source }: Pass,
    packed: Float32Array,
    aside: Float32Array,
    way: 'in' | 'out',
  ): void => {
    const { plan } = source!;
    for (let t = 0; t < plan.steps; t++)
      for (let r = 0; r < activeRows(plan, t); r++) {
        const from = (plan.offsets[t]! + r) * memoryStride;
        const to = (firsts[r]! + t) * memoryStride;
        if (way === 'in') aside.set(packed.subarray(from, from + memoryWidth), to);
        else packed.set(aside.subarray(to, to + memoryStride), from);
      }
  };
  const forEachQuery = (
    { plan, source }: Pass,
    see: (at: number, first: number, steps: number) => void,
  ): void => {
    for (let t = 0; t < plan.steps; t++)
      for (let r = 0; r < activeRows(plan, t); r++) {
        const row = source!.sourceRows[r]!;
        see(plan.offsets[t]! + r, firsts[row]!, lengths[row]!);
      }
  };
  const at = (block: Block, float: number): number => block.address + float * 4;

  return {
    width: memoryWidth,
    parameters: [
      ...(keyMatrix?.parameters ?? []),
      ...(queryMatrix?.parameters ?? []),
      ...(vector
        ? [{ name: tensors.vector, values: vector.values, gradient: dVector!.values, decays: false }]
        : []),
    ],
    carried: [],
    load(from) {
      keyMatrix?.load(from);
      queryMatrix?.load(from);
      vector?.values.set(from.get(tensors.vector)!.values);
    },
    save(to: Map<string, Tensor>) {
      keyMatrix?.save(to);
      queryMatrix?.save(to);
      if (vector) to.set(tensors.vector, { shape: [units], values: vector.values.slice(0, units) });
    },
    refresh() {
      keyMatrix?.refresh();
      queryMatrix?.refresh();
    },
    reset() {},

    forward(pass, [queryRows, memory]) {
      const { functions, packed } = pass;
      layOut(pass);
      rearrange(pass, memory!.values, sorted.values, 'in');
      keyMatrix?.multiply(functions, sorted.address, keys.address, pass.source!.packed);
      query = queryRows!;
      queryMatrix?.multiply(functions, query.address, queries!.address, packed);
      const q = queries ?? query;
      forEachQuery(pass, (step, first, steps) => {
        functions[attend]!(
          at(q, step * keyStride),
          at(keys, first * keyStride),
          at(sorted, first * memoryStride),
          vector?.address ?? 0,
          at(weights, step * weightStride),
          at(y, step * memoryStride),
          steps,
        );
      });
      return y;
    },

    backward(pass, dy) {
      const { functions, packed } = pass;
      const sourcePacked = pass.source!.packed;
      dSorted.values.fill(0, 0, sourcePacked * memoryStride);
      dKeys.values.fill(0, 0, sourcePacked * keyStride);
      const q = queries ?? query;
      forEachQuery(pass, (step, first, steps) => {
        functions[attendBack]!(
          at(dy, step * memoryStride),
          at(q, step * keyStride),
          at(keys, first * keyStride),
          at(sorted, first * memoryStride),
          vector?.address ?? 0,
          at(weights, step * weightStride),
          slopes.address,
          at(dQueries, step * keyStride),
          at(dKeys, first * keyStride),
          at(dSorted, first * memoryStride),
          dVector?.address ?? 0,
          steps,
        );
      });
      if (queryMatrix) {
        queryMatrix.accumulate(functions, query.address, dQueries.address, packed);
        queryMatrix.multiplyBack(functions, dQueries.address, dQuery.address, packed);
      }
      let through: Block = dKeys;
      if (keyMatrix) {
        keyMatrix.accumulate(functions, sorted.address, dKeys.address, sourcePacked);
        keyMatrix.multiplyBack(functions, dKeys.address, dThroughKeys!.address, sourcePacked);
        through = dThroughKeys!;
      }
      for (let i = 0; i < sourcePacked * memoryStride; i++)
        dSorted.values[i] = dSorted.values[i]! + through.values[i]!;
      rearrange(pass, dMemory.values, dSorted.values, 'out');
      return [dQuery, dMemory];
    },
  };
}

/** general: k = W m; additive: k = U m + b; dot: the memory itself. */
function createKeyMatrix(context: BuildContext, tensors: AttentionTensors, shape: Shape): Matrix | null {
  const { score, units, queryWidth, memoryWidth } = shape;
  if (score === 'dot') return null;
  return score === 'general'
    ? createMatrix(
        context,
        { weight: tensors.weight, bias: null },
        { inner: memoryWidth, order: denseOrder(queryWidth) },
      )
    : createMatrix(
        context,
        { weight: tensors.memory, bias: tensors.bias },
        { inner: memoryWidth, order: denseOrder(units) },
      );
}
