import { emitLinear } from '../../kernel/emit/linear.ts';
import { emitSoftmax } from '../../kernel/emit/softmax.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import { denseOrder, packMatrix, packVector } from '../../kernel/pack.ts';
import type { LayerSpec } from '../spec.ts';
import type { CompileContext, RunContext } from './layer.ts';

export interface DenseProgram {
  readonly kind: 'dense';
  readonly linear: string;
  /** The same without its squashing function: what decoding reads. */
  readonly logits: string;
  readonly softmax: string | null;
  readonly weight: number;
  readonly bias: number;
}

export function compileDense(
  layer: Extract<LayerSpec, { type: 'dense' }>,
  tensors: { weight: string; bias: string },
  context: CompileContext,
): DenseProgram {
  const inner = context.inputWidths[0]!;
  const columns = layer.units;
  const order = denseOrder(columns);
  const activation = layer.activation === 'softmax' ? 'linear' : layer.activation;
  const squashes = layer.activation === 'softmax' || layer.activation === 'sigmoid';
  return {
    kind: 'dense',
    linear: emitLinear(context.e, { inner, columns, activation }),
    logits: emitLinear(context.e, { inner, columns, activation: squashes ? 'linear' : activation }),
    softmax: layer.activation === 'softmax' ? emitSoftmax(context.e, columns) : null,
    weight: context.place(padded(columns) * inner, (packed) =>
      packMatrix(context.tensor(tensors.weight), inner, order, packed),
    ),
    bias: context.place(padded(columns), (packed) => packVector(context.tensor(tensors.bias), order, packed)),
  };
}

/** y [rows, padded(units)] ← activation(x·Wᵀ + b). x [rows, padded(in)] */
export function runDense(
  dense: DenseProgram,
  { functions }: RunContext,
  at: { x: number; y: number; rows: number; logits: boolean },
): void {
  functions[at.logits ? dense.logits : dense.linear]!(at.x, dense.weight, dense.bias, at.y, at.rows);
  if (dense.softmax !== null && !at.logits) functions[dense.softmax]!(at.y, at.rows);
}
