import { padded } from '../../../kernel/layout.ts';
import type { RunContext } from '../layer.ts';
import type { StepLayerRun } from '../layer-run.ts';

export interface Product {
  readonly linear: string;
  readonly weight: number;
  readonly bias: number;
}

export interface CompiledAttention {
  readonly kind: 'attention';
  readonly attend: string;
  /** Computes a source's keys from its memory, once; null where the memory itself is the keys. */
  readonly keys: Product | null;
  readonly keyWidth: number;
  readonly memoryWidth: number;
  /** additive: W q. */
  readonly query: Product | null;
  readonly vector: number;
}

/** Name of the scratch with the attention weights of the last tick's rows: [rows][maxSource]. */
export const attentionWeights = 'attention_weights';

/** keys [steps, padded(keyWidth)] of a source's memory [steps, padded(memoryWidth)]. */
export function makeKeys(
  { keys }: CompiledAttention,
  { functions }: RunContext,
  at: { memory: number; keys: number; steps: number },
): void {
  if (keys) functions[keys.linear]!(at.memory, keys.weight, keys.bias, at.keys, at.steps);
}

export interface AttentionPlace {
  readonly index: number;
  readonly x: number;
  readonly xWidth: number;
  readonly y: number;
  readonly queries: number;
  readonly weights: number;
  readonly weightStride: number;
}

/**
 * y [rows, padded(memoryWidth)] ← every row's context over its own source; row r of x belongs to sources[r].
 * One step a tick.
 */
export const run: StepLayerRun<CompiledAttention, AttentionPlace> = {
  acrossSteps: true,
  scratch: ({ keyWidth }, { maxRows, maxSource }) => ({
    queries: maxRows * padded(keyWidth),
    [attentionWeights]: maxRows * maxSource,
  }),
  place: (_, { index, x, xWidth, y, maxSource, scratch }) => ({
    index,
    x,
    xWidth,
    y,
    queries: scratch('queries'),
    weights: scratch(attentionWeights),
    weightStride: maxSource * 4,
  }),

  create({ query, keyWidth, memoryWidth, attend, vector }, { functions }, at) {
    const from = query ? at.queries : at.x;
    const stride = padded(query ? keyWidth : at.xWidth) * 4;
    const yStride = padded(memoryWidth) * 4;
    return ({ plan, sources }) => {
      const rows = plan.offsets[plan.steps]!;
      if (query) functions[query.linear]!(at.x, query.weight, query.bias, at.queries, rows);
      for (let row = 0; row < rows; row++) {
        const { steps, memory, keys } = sources[row]!;
        functions[attend]!(
          from + row * stride,
          keys.get(at.index) ?? memory,
          memory,
          vector,
          at.weights + row * at.weightStride,
          at.y + row * yStride,
          steps,
        );
      }
    };
  },
};
