import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import type { CellOptions } from '../cell-options.ts';
import { clip, squash } from './cell-activations.ts';
import type { Emitter } from './emitter.ts';

/** Turns the sums of a gate or of the candidate into its value, in place. */
export type Squash = (f: FunctionBuilder, e: Emitter, sums: readonly V128Local[]) => void;

/** How a cell of these options squashes its sums: held within the clip first, where it has one. */
export function squashGates({ gate, candidate, clip: limit }: CellOptions): {
  gate: Squash;
  candidate: Squash;
} {
  const squashing =
    (activation: CellOptions['gate']): Squash =>
    (f, e, sums) => {
      if (limit !== null) clip(f, sums, limit);
      squash(f, e, sums, activation);
    };
  return { gate: squashing(gate), candidate: squashing(candidate) };
}
