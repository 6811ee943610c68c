import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import { panelBytes } from './emitter.ts';
import { gruResetAfterCell } from './gru.ts';
import { lstmCell } from './lstm.ts';
import type { Cell, Phase } from './recurrent.ts';

// Cells whose backward pass needs what the forward pass had in registers. The arithmetic is the serving cell's own, so
// a network learns with the bits it will serve with.

/** i, f, g, o take the place of their input projections in `pre`. Swept a step at a time, `c` holds c before, then c'. */
export const lstmKeptCell = keptCell(lstmCell, () => {});

/** r, z, n take the place of their input projections in `pre`; R_n h + b_n goes to `c`, which a GRU has no other use for. */
export const gruResetAfterKeptCell = keptCell(gruResetAfterCell, (f, [, , n], at) =>
  n!.forEach((sum, v) => f.store(at.c, sum, v * 16)),
);

function keptCell(
  cell: Cell,
  keepSums: (f: FunctionBuilder, sums: V128Local[][], at: Parameters<Phase['update']>[3]) => void,
): Cell {
  const phases = cell.phases.map((phase): Phase => ({
    ...phase,
    update: (f, e, gates, at) => {
      keepSums(f, gates, at);
      phase.update(f, e, gates, at);
      // the update leaves its gates squashed in the locals it was given
      gates.forEach((gate, index) =>
        gate.forEach((value, v) => f.store(at.pre, value, index * panelBytes + v * 16)),
      );
    },
  }));
  return { name: `${cell.name}_kept`, phases };
}
