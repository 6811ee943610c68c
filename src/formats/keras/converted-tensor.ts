import type { NativeRows } from './native-layers.ts';
import type { GraphTensor, ModelInput } from './to-operators/graph-builder.ts';

/** A tensor as a value of the operator graph, and as rows of a layer of ours, if any has it. */
export interface ConvertedTensor extends GraphTensor {
  readonly native: NativeRows | null;
}
export interface ConvertedInput extends ConvertedTensor {
  readonly input: ModelInput;
}
