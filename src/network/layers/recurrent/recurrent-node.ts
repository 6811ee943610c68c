import type { DirectionTensors } from '../../../cells/weights.ts';
import type { LayerNode } from '../layer-kind.ts';
import type { RecurrentSpec } from './schema.ts';

export interface RecurrentNode extends LayerNode<
  RecurrentSpec,
  { readonly forward: DirectionTensors; readonly backward: DirectionTensors | null }
> {
  /** Merges each step's forward output with the backward one of the first step. */
  readonly mergeAtFirstStep: boolean;
}
