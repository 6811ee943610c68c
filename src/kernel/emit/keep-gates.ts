import { load, vmul } from '../assembler/expressions.ts';
import type { FunctionBuilder, V128Local } from '../assembler/function-builder.ts';
import { panelBytes } from './emitter.ts';
import { gruResetAfterCell, gruResetBeforeCell } from './gru.ts';
import { lstmCell } from './lstm.ts';
import type { Cell, Phase } from './recurrent.ts';
import { rnnCell } from './rnn.ts';

// Cells whose backward pass needs what the forward pass had in registers. The arithmetic is the serving cell's own, so
// a network learns with the bits it will serve with.

/** i, f, g, o take the place of their input projections in `pre`. Swept a step at a time, `c` holds c before, then c'. */
export const lstmKeptCell = keptCell(lstmCell, () => {});

/** r, z, n take the place of their input projections in `pre`; R_n h + b_n goes to `c`, which a GRU has no other use for. */
export const gruResetAfterKeptCell = keptCell(gruResetAfterCell, (f, [, , n], at) =>
  n!.forEach((sum, v) => f.store(at.c, sum, v * 16)),
);

/** h' takes the place of its input projection, for a plain recurrent cell is its own gate. */
export const rnnKeptCell = (activation: 'tanh' | 'relu'): Cell => keptCell(rnnCell(activation), () => {});

/** r, z and, in the second phase's place, n stand in `pre`; r·h goes to `c`: the product's operand. */
export const gruResetBeforeKeptCell: Cell = (() => {
  const { name, phases } = keptCell(gruResetBeforeCell, () => {});
  const [first, second] = phases as [Phase, Phase];
  const update: Phase['update'] = (f, e, gates, at) => {
    first.update(f, e, gates, at);
    gates[0]!.forEach((r, v) => f.store(at.c, vmul(r, load(at.h, v * 16)), v * 16));
  };
  return { name, phases: [{ ...first, update }, second] };
})();

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
