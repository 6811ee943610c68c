import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import { add, eq, i32, load, mul, sub, xor, type I32Like } from '../assembler/expressions.ts';
import { padded, panelBytes, panelVectors, panelsFor, type Emitter } from './emitter.ts';
import { accumulate, coverRows, panelGroups, panelSize } from './tile.ts';

// The sweep of a recurrent layer over time, shared by every cell.
// Units go in groups of 16. A group has one panel of recurrent weights a gate, so its gates are summed and the cell is
// updated while everything is still in registers (one row) or in the first-level cache (many rows).
//
// pre     [steps][rows][columns]   input projections with biases, columns in packed order (pack.ts)
// h       [rows][padded(units)]    state before the first step
// y       [steps][rows][padded(units)]   state after every step; step t reads step t − 1
// c       [rows][padded(units)]    LSTM cell state, in place
// weights [phase][group][gate][units][16]

/** One product with the recurrent weights and what follows it. Most cells have one; GRU with reset before has two. */
export interface Phase {
  /** Per gate: where its sum starts, the input projection or the layer's recurrent bias. */
  readonly start: readonly ('pre' | 'bias')[];
  /** Which rows are multiplied: the state, or the state after the reset gate. */
  readonly operand: 'h' | 'reset';
  /** Turns the gates' sums of 16 units of one row into state. gates [gate][4 vectors] */
  readonly update: (f: FunctionBuilder, e: Emitter, gates: V128Local[][], at: RowAddresses) => void;
}

/** Addresses of 16 units of one row: the gates' input projections, and each state. */
export interface RowAddresses {
  readonly pre: I32Local;
  readonly h: I32Local;
  readonly y: I32Local;
  readonly c: I32Local;
  readonly update: I32Local;
  readonly reset: I32Local;
  /** The layer's constants of these units, the same for every row. */
  readonly bias: I32Local;
}

export interface Cell {
  readonly name: string;
  readonly phases: readonly Phase[];
  /** Panels of constants of a group of units, [group][panels][16]: one, a recurrent bias, unless said. */
  readonly constantPanels?: number;
  /** The product reads rows of its own, the sweep's last parameter, and one step is run at a time: dropout while learning. */
  readonly operandApart?: boolean;
}

/** Bytes of scratch that a sweep over `rows` rows needs. */
export function sweepScratch(cell: Cell, units: number, rows: number): number {
  const widest = Math.max(...cell.phases.map((phase) => phase.start.length));
  return rows * (widest * panelBytes + (cell.phases.length - 1) * 2 * padded(units) * 4);
}

/**
 * Emits a sweep over `steps` ≥ 1 steps of `rows` ≥ 1 rows.
 * `descending` is 0 or 1: the order in which groups of units are visited, turned at every step, so that a step starts
 * with the weights the one before left in the second-level cache. It never changes a bit.
 * @returns the function's name; its parameters are in the order written below.
 */
export function emitSweep(e: Emitter, cell: Cell, units: number): string {
  const groups = panelsFor(units);
  const hStride = groups * panelBytes;
  const gateCount = cell.phases.reduce((sum, phase) => sum + phase.start.length, 0);
  const preStride = groups * gateCount * panelBytes;
  const widest = Math.max(...cell.phases.map((phase) => phase.start.length));
  const parameters = [
    'pre',
    'h',
    'y',
    'c',
    'weights',
    'bias',
    'scratch',
    'rows',
    'steps',
    'descending',
    ...(cell.operandApart ? (['operand'] as const) : []),
  ] as const;

  return e.module.function(`${cell.name}_${units}`, parameters, (f, p) => {
    const updateRows = f.i32(add(p.scratch, mul(p.rows, widest * panelBytes)));
    const resetRows = f.i32(add(updateRows, mul(p.rows, hStride)));
    const columns = { pre: p.pre, h: p.h, y: p.y, c: p.c, update: updateRows, reset: resetRows };
    const stride = { pre: preStride, h: hStride, y: hStride, c: hStride, update: hStride, reset: hStride };

    const phaseStep = (phase: Phase, preOffset: number, weightOffset: number): void => {
      const gates = phase.start.length;
      const groupWeights = gates * panelSize(units);
      const operand = phase.operand === 'reset' ? resetRows : (p.operand ?? p.h);

      /** Addresses of a group's units in the first row. */
      const locate = (group: I32Like): { at: RowAddresses; weights: I32Local } => {
        const unitBytes = f.i32(mul(group, panelBytes));
        const rows = {
          pre: f.i32(add(add(p.pre, preOffset), mul(unitBytes, gates))),
          h: f.i32(add(p.h, unitBytes)),
          y: f.i32(add(p.y, unitBytes)),
          c: f.i32(add(p.c, unitBytes)),
          update: f.i32(add(updateRows, unitBytes)),
          reset: f.i32(add(resetRows, unitBytes)),
        };
        const weights = f.i32(add(add(p.weights, weightOffset), mul(group, groupWeights)));
        const { constantPanels = 1 } = cell;
        const bias = f.i32(add(p.bias, constantPanels === 1 ? unitBytes : mul(unitBytes, constantPanels)));
        return { at: { ...rows, bias }, weights };
      };
      const startOf = (gate: number, preAt: I32Local, bias: I32Local, row: number, v: number) =>
        phase.start[gate] === 'bias'
          ? load(bias, v * 16)
          : load(preAt, row * preStride + gate * panelBytes + v * 16);

      /** One row: all of a group's gates at once, or several groups where a cell has few gates. */
      const oneRow = (): void => {
        const wide = Math.max(1, Math.floor(panelVectors / gates));
        for (const { width, count, first } of panelGroups(groups, wide)) {
          const visit = f.i32(count);
          const group = f.i32(first);
          f.if(p.descending, () => f.set(group, add(first, (count - 1) * width)));
          f.repeat(visit, () => {
            const places = Array.from({ length: width }, (_, i) => locate(add(group, i)));
            const acc = places.flatMap(({ at }) =>
              phase.start.flatMap((_, gate) =>
                Array.from({ length: panelVectors }, (__, v) => f.v128(startOf(gate, at.pre, at.bias, 0, v))),
              ),
            );
            const tile = { rows: 1, panels: width * gates, inner: units, xStride: hStride };
            accumulate(f, tile, operand, places[0]!.weights, [acc]);
            places.forEach(({ at }, i) => {
              const sums = phase.start.map((_, gate) => {
                const from = (i * gates + gate) * panelVectors;
                return acc.slice(from, from + panelVectors);
              });
              phase.update(f, e, sums, at);
            });
            f.if(
              p.descending,
              () => f.set(group, sub(group, width)),
              () => f.set(group, add(group, width)),
            );
          });
        }
      };

      /** Many rows: a gate's panel serves them all, sums wait in scratch, then the cell is updated row by row. */
      const manyRows = (): void => {
        const group = f.i32(0);
        f.if(p.descending, () => f.set(group, i32(groups - 1)));
        f.repeat(f.i32(groups), () => {
          const { at, weights } = locate(group);
          const sumStride = gates * panelBytes;
          const tile = (
            rows: number,
            gate: number,
            width: number,
            x: I32Local,
            preAt: I32Local,
            sums: I32Local,
          ): void => {
            const acc = Array.from({ length: rows }, (_, r) =>
              Array.from({ length: width * panelVectors }, (__, v) =>
                f.v128(startOf(gate + Math.floor(v / panelVectors), preAt, at.bias, r, v % panelVectors)),
              ),
            );
            const shape = { rows, panels: width, inner: units, xStride: hStride };
            accumulate(f, shape, x, add(weights, gate * panelSize(units)), acc);
            acc.forEach((row, r) =>
              row.forEach((sum, v) => f.store(sums, sum, r * sumStride + gate * panelBytes + v * 16)),
            );
          };

          f.if(
            eq(p.rows, 2),
            () => {
              for (const { width, count, first } of panelGroups(gates, 2))
                for (let i = 0; i < count; i++) tile(2, first + i * width, width, operand, at.pre, p.scratch);
            },
            () => {
              for (let gate = 0; gate < gates; gate++) {
                const x = f.i32(operand);
                const preAt = f.i32(at.pre);
                const sums = f.i32(p.scratch);
                coverRows(f, p.rows, (block) => {
                  tile(block, gate, 1, x, preAt, sums);
                  f.advance(x, block * hStride);
                  f.advance(preAt, block * preStride);
                  f.advance(sums, block * sumStride);
                });
              }
            },
          );

          const sums = f.i32(p.scratch);
          f.repeat(f.i32(p.rows), () => {
            const gatesOfRow = phase.start.map((_, gate) =>
              Array.from({ length: panelVectors }, (__, v) => f.v128(load(sums, gate * panelBytes + v * 16))),
            );
            phase.update(f, e, gatesOfRow, at);
            f.advance(sums, sumStride);
            for (const key of Object.keys(stride) as (keyof typeof stride)[]) f.advance(at[key], stride[key]);
          });
          f.if(
            p.descending,
            () => f.set(group, sub(group, 1)),
            () => f.set(group, add(group, 1)),
          );
        });
      };

      f.if(eq(p.rows, 1), oneRow, manyRows);
    };

    f.repeat(p.steps, () => {
      let preOffset = 0;
      let weightOffset = 0;
      for (const phase of cell.phases) {
        phaseStep(phase, preOffset, weightOffset);
        preOffset += groups * phase.start.length * panelBytes;
        weightOffset += groups * phase.start.length * panelSize(units);
      }
      f.set(columns.h, columns.y);
      f.advance(p.y, mul(p.rows, hStride));
      f.advance(p.pre, mul(p.rows, preStride));
      f.set(p.descending, xor(p.descending, 1));
    });
  });
}
