import { padded } from '../../kernel/layout.ts';
import { denseOrder } from '../../kernel/pack.ts';
import type { EncoderGraph } from '../encoder-decoder.ts';
import { activeRows } from '../layers/layer.ts';
import type { Tensor, Weights } from '../weights.ts';
import type { Block, BuildContext, LearningRecurrent, Parameter, Pass } from './layer.ts';
import { createMatrix } from './matrix.ts';

/** The bridge from the encoder's last state to the decoder's first, in training. */
export interface LearningBridge {
  readonly parameters: readonly Parameter[];
  load(weights: Weights): void;
  save(weights: Map<string, Tensor>): void;
  refresh(): void;
  /**
   * Writes the starts of the decoder's recurrent nodes.
   * @param memory the encoder's rows
   * @param layers by node
   */
  forward(pass: Pass, memory: Block, layers: readonly (LearningRecurrent | undefined)[]): void;
  /** ∂L/∂starts → ∂L/∂memory: at the rows of the summary, zero elsewhere. */
  backward(pass: Pass, layers: readonly (LearningRecurrent | undefined)[]): Block;
}

/** @param context of the source */
export function createBridge(
  context: BuildContext,
  { graph, summary, summaryWidth, bridge, bridgeKind }: EncoderGraph,
): LearningBridge {
  const { allocate, capacity } = context;
  const memoryStride = padded(graph.nodes.at(-1)!.width);
  const stride = padded(summaryWidth);
  const s = allocate(capacity.rows * stride);
  const ds = allocate(capacity.rows * stride);
  const dMemory = allocate(capacity.packed * memoryStride);
  const states = bridge.map((state) => ({
    ...state,
    matrix:
      bridgeKind === 'dense'
        ? createMatrix(
            context,
            state.tensors,
            { inner: summaryWidth, order: denseOrder(state.units) },
            { activation: 'tanh' },
          )
        : null,
    y: allocate(capacity.rows * padded(state.units)),
    dSum: allocate(capacity.rows * padded(state.units)),
    dx: allocate(capacity.rows * stride),
  }));

  /** Every part of the summary of every source row, and its index in the packed rows. */
  const forEachPart = (
    { source }: Pass,
    see: (row: number, from: number, to: number, at: number) => void,
  ): void => {
    const { plan } = source!;
    const rows = plan.offsets[1] ?? 0;
    let last = plan.steps - 1;
    for (let row = 0; row < rows; row++) {
      while (activeRows(plan, last) <= row) last--;
      for (const { from, to, at } of summary)
        see(row, from, to, ((at === 'last' ? plan.offsets[last]! : 0) + row) * memoryStride);
    }
  };

  return {
    parameters: states.flatMap(({ matrix }) => matrix?.parameters ?? []),
    load: (weights) => states.forEach(({ matrix }) => matrix?.load(weights)),
    save: (weights) => states.forEach(({ matrix }) => matrix?.save(weights)),
    refresh: () => states.forEach(({ matrix }) => matrix?.refresh()),

    forward(pass, memory, layers) {
      const { sourceRows } = pass.source!;
      forEachPart(pass, (row, from, to, at) =>
        s.values.set(memory.values.subarray(at + from, at + to), row * stride + from),
      );
      for (const { node, state, units, matrix, y } of states) {
        const width = padded(units);
        matrix?.multiply(pass.functions, s.address, y.address, sourceRows.length);
        const rows = matrix ? y.values : s.values;
        const start = layers[node]!.start[state]!;
        sourceRows.forEach((sourceRow, row) =>
          start.set(rows.subarray(sourceRow * width, (sourceRow + 1) * width), row * width),
        );
      }
    },

    backward(pass, layers) {
      const { functions, source } = pass;
      const { sourceRows, packed } = source!;
      ds.values.fill(0);
      for (const { node, state, units, matrix, y, dSum, dx } of states) {
        const width = padded(units);
        const slopes = layers[node]!.startGradient[state]!;
        sourceRows.forEach((sourceRow, row) =>
          dSum.values.set(slopes.subarray(row * width, (row + 1) * width), sourceRow * width),
        );
        let back = dSum;
        if (matrix) {
          for (let i = 0; i < sourceRows.length * width; i++)
            dSum.values[i] = dSum.values[i]! * (1 - y.values[i]! * y.values[i]!);
          matrix.accumulate(functions, s.address, dSum.address, sourceRows.length);
          matrix.multiplyBack(functions, dSum.address, dx.address, sourceRows.length);
          back = dx;
        }
        for (let i = 0; i < sourceRows.length * stride; i++) ds.values[i] = ds.values[i]! + back.values[i]!;
      }
      dMemory.values.fill(0, 0, packed * memoryStride);
      forEachPart(pass, (row, from, to, at) => {
        for (let k = from; k < to; k++)
          dMemory.values[at + k] = dMemory.values[at + k]! + ds.values[row * stride + k]!;
      });
      return dMemory;
    },
  };
}
