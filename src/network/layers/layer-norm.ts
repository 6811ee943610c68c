import { emitLayerNorm } from '../../kernel/emit/layer-norm.ts';
import { padded } from '../../kernel/emit/emitter.ts';
import type { LayerSpec } from '../spec.ts';
import type { CompileContext, RunContext } from './layer.ts';

export interface LayerNormProgram {
  readonly kind: 'layer_norm';
  readonly norm: string;
  readonly weight: number;
  readonly bias: number;
}

export function compileLayerNorm(
  { epsilon }: Extract<LayerSpec, { type: 'layer_norm' }>,
  tensors: { weight: string; bias: string },
  context: CompileContext,
): LayerNormProgram {
  const width = context.inputWidths[0]!;
  const place = (name: string): number =>
    context.place(padded(width), (values) => values.set(context.tensor(name)));
  return {
    kind: 'layer_norm',
    norm: emitLayerNorm(context.e, { width, epsilon }),
    weight: place(tensors.weight),
    bias: place(tensors.bias),
  };
}

/** y [rows, padded(width)] ← normalised x. */
export function runLayerNorm(
  { norm, weight, bias }: LayerNormProgram,
  { functions }: RunContext,
  at: { x: number; y: number; rows: number },
): void {
  functions[norm]!(at.x, weight, bias, at.y, at.rows);
}
