import type { BackwardRows, Cell, CellPhase } from '../../../cells/cell.ts';
import type { CellOptions } from '../../../cells/options.ts';
import { toRecordingCell } from '../../../cells/sweep.ts';
import type { DirectionTensors } from '../../../cells/weights.ts';
import { gatesWithProduct } from '../../../kernel/emit/sweep.ts';
import { padded, countPanels } from '../../../kernel/layout.ts';
import type { KernelFunctions } from '../../../kernel/instantiate.ts';
import { productOrder } from '../../../kernel/pack.ts';
import type { Tensor, Weights } from '../../weights.ts';
import type { Block, BuildContext, Parameter } from '../../learning/layer.ts';
import { createMatrix, type Matrix } from '../../learning/matrix.ts';

/** Addresses of one step's rows (cells/cell.ts); those of a phase are found from the step's first row. */
export type StepRows = Readonly<Record<Exclude<BackwardRows, 'dSums' | 'dReset'>, number>> & {
  /** Index of the step's first row among all packed rows. */
  readonly first: number;
  readonly rows: number;
};

/** The recurrent matrix of one direction, phase by phase, and a step of its cell backwards. */
export interface RecurrentMatrix {
  readonly parameters: readonly Parameter[];
  /** Packed weights, as the sweep reads them. */
  readonly weight: number;
  /** Recurrent bias of each of its rows, in the order of the gates with a product. */
  readBias(bias: Float32Array): void;
  load(weights: Weights): void;
  save(weights: Map<string, Tensor>): void;
  refresh(): void;
  /** Runs one step of the backward pass. */
  back(functions: KernelFunctions, at: StepRows): void;
  /** Adds the gradients of the recurrent tensors over all packed rows. */
  accumulate(
    functions: KernelFunctions,
    at: { gates: Block; operand: Block; recorded: Block; packed: number },
  ): void;
}

/** One phase with its part of the recurrent matrix; null where its gates have no product. */
interface Stage {
  readonly phase: CellPhase;
  readonly matrix: Matrix | null;
  readonly columns: number;
  /** Gradients of the phase's sums of all packed rows, where they are not the gates'. */
  readonly dSums: Block | null;
}

export function createRecurrentMatrix(
  context: BuildContext,
  names: DirectionTensors,
  { cell, options, units }: { cell: Cell; options: CellOptions; units: number },
): RecurrentMatrix {
  const { e, allocate, capacity } = context;
  const sweep = toRecordingCell(cell, options);
  const order = productOrder(sweep, units);
  const phases = cell.phases(options);
  const parts = phases.length > 1 ? allocate(units * order.length) : null;
  const rowCount = order.reduce((most, row) => Math.max(most, row + 1), 0);
  let column = 0;
  const stages = phases.map((phase, index): Stage => {
    const columns = gatesWithProduct(sweep.phases[index]!).length * padded(units);
    const [from, to] = [column, (column += columns)];
    const part = parts && {
      name: phase.name,
      rows: rowCount,
      weight: {
        address: parts.address + from * units * 4,
        values: parts.values.subarray(from * units, to * units),
      },
    };
    const matrix =
      columns === 0
        ? null
        : createMatrix(
            context,
            { weight: names.weightHh!, bias: names.biasHh! },
            { inner: units, order: order.subarray(from, to) },
            part ? { part } : {},
          );
    return { phase, matrix, columns, dSums: null };
  });
  // from the last phase to the first
  const backwards = stages.toReversed().map((stage) => ({
    ...stage,
    name: stage.phase.backward.emit(e, units),
    dSums:
      stage.phase.backward.recurrentGradient === 'dSums' ? allocate(capacity.packed * stage.columns) : null,
  }));
  const dReset = phases.some(({ operand }) => operand === 'reset')
    ? allocate(capacity.rows * padded(units)).address
    : 0;
  const matrices = stages.flatMap(({ matrix }) => matrix ?? []);

  return {
    parameters: matrices.flatMap(({ parameters }) => parameters),
    weight: parts?.address ?? matrices[0]?.weight.address ?? 0,
    readBias(bias) {
      let at = 0;
      for (const { bias: own } of matrices)
        for (const value of own.values) {
          const row = order[at++]!;
          if (row >= 0) bias[row] = value;
        }
    },
    load: (weights) => matrices.forEach((matrix) => matrix.load(weights)),
    save: (weights) => matrices.forEach((matrix) => matrix.save(weights)),
    refresh: () => matrices.forEach((matrix) => matrix.refresh()),
    back(functions, at) {
      for (const { phase, matrix, name, columns, dSums } of backwards) {
        const { rows, count } = phase.backward;
        const sums = dSums ? dSums.address + at.first * columns * 4 : at.gates;
        const addresses = rows.map((one) => (one === 'dSums' ? sums : one === 'dReset' ? dReset : at[one]));
        functions[name]!(...addresses, count === 'rows' ? at.rows : at.rows * countPanels(units));
        matrix?.multiplyBack(functions, sums, phase.operand === 'reset' ? dReset : at.dh, at.rows);
      }
    },
    accumulate(functions, { gates, operand, recorded, packed }) {
      for (const { phase, matrix, dSums } of backwards.toReversed()) {
        const read = phase.operand === 'reset' ? recorded : operand;
        matrix?.accumulate(functions, read.address, (dSums ?? gates).address, packed);
      }
    },
  };
}
