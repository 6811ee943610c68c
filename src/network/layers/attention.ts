import { emitAttention } from '../../kernel/emit/attention.ts';
import { emitLinear } from '../../kernel/emit/linear.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import { denseOrder, packMatrix, packVector } from '../../kernel/pack.ts';
import type { AttentionTensors } from '../graph.ts';
import type { LayerSpec } from '../spec.ts';
import type { CompileContext, RunContext } from './layer.ts';

interface Product {
  readonly linear: string;
  readonly weight: number;
  readonly bias: number;
}

export interface AttentionProgram {
  readonly kind: 'attention';
  readonly attend: string;
  /** Makes a source's keys of its memory, once; null where the memory itself is the keys. */
  readonly keys: Product | null;
  readonly keyWidth: number;
  readonly memoryWidth: number;
  /** additive: W q. */
  readonly query: Product | null;
  readonly vector: number;
}

/** What one row of the decoder looks back at: addresses of its source's rows, and of the keys of every attention node. */
export interface AttendedSource {
  readonly steps: number;
  readonly memory: number;
  /** By node. */
  readonly keys: ReadonlyMap<number, number>;
}

export function compileAttention(
  { score, units }: Extract<LayerSpec, { type: 'attention' }>,
  tensors: AttentionTensors,
  memoryWidth: number,
  context: CompileContext,
): AttentionProgram {
  const { e, place, tensor } = context;
  const queryWidth = context.inputWidths[0]!;
  const keyWidth = score === 'additive' ? units : queryWidth;
  const product = (name: string, bias: string | null, inner: number, columns: number): Product => {
    const order = denseOrder(columns);
    return {
      linear: emitLinear(e, { inner, columns }),
      weight: place(padded(columns) * inner, (packed) => packMatrix(tensor(name), inner, order, packed)),
      bias: place(padded(columns), (packed) => {
        if (bias !== null) packVector(tensor(bias), order, packed);
      }),
    };
  };
  return {
    kind: 'attention',
    attend: emitAttention(e, { score: score === 'additive' ? 'additive' : 'product', keyWidth, memoryWidth }),
    keyWidth,
    memoryWidth,
    keys:
      score === 'dot'
        ? null
        : score === 'general'
          ? product(tensors.weight, null, memoryWidth, queryWidth)
          : product(tensors.memory, tensors.bias, memoryWidth, units),
    query: score === 'additive' ? product(tensors.query, null, queryWidth, units) : null,
    vector: score === 'additive' ? place(padded(units), (values) => values.set(tensor(tensors.vector))) : 0,
  };
}

/** keys [steps, padded(keyWidth)] of a source's memory [steps, padded(memoryWidth)]. */
export function makeKeys(
  { keys }: AttentionProgram,
  { functions }: RunContext,
  at: { memory: number; keys: number; steps: number },
): void {
  if (keys) functions[keys.linear]!(at.memory, keys.weight, keys.bias, at.keys, at.steps);
}

/** y [rows, padded(memoryWidth)] ← every row's context over its own source; row r of x belongs to sources[r]. */
export function runAttention(
  attention: AttentionProgram,
  { functions }: RunContext,
  node: number,
  sources: readonly AttendedSource[],
  at: {
    x: number;
    y: number;
    queries: number;
    weights: number;
    weightStride: number;
    rows: number;
    xWidth: number;
  },
): void {
  const { query, keyWidth, memoryWidth, attend, vector } = attention;
  if (query) functions[query.linear]!(at.x, query.weight, query.bias, at.queries, at.rows);
  const queries = query ? at.queries : at.x;
  const stride = padded(query ? keyWidth : at.xWidth) * 4;
  for (let row = 0; row < at.rows; row++) {
    const { steps, memory, keys } = sources[row]!;
    functions[attend]!(
      queries + row * stride,
      keys.get(node) ?? memory,
      memory,
      vector,
      at.weights + row * at.weightStride * 4,
      at.y + row * padded(memoryWidth) * 4,
      steps,
    );
  }
}
