import type { FunctionBuilder, I32Local, V128Local } from '../assembler/function-builder.ts';
import { add, eq, i32, load, mul, sub, xor, type I32Like, type V128 } from '../assembler/expressions.ts';
import type { Emitter } from './emitter.ts';
import { padded, panelBytes, panelVectors, countPanels } from '../layout.ts';
import type { Precision } from '../precision.ts';
import { productOf } from './product.ts';
import { forEachTile, groupsOfRow, panelGroups, rowPanels } from './row-blocks.ts';

// The sweep of a recurrent layer over time, shared by every cell.
// Units are in groups of 16. A group has one panel of recurrent weights a gate, so its gates are summed and
// the cell is updated while everything is still in registers (one row) or in the first-level cache (many
// rows).
//
// pre     [steps][rows][columns]   input projections with biases, columns in packed order (pack.ts)
// h       [rows][padded(units)]    state before the first step
// y       [steps][rows][padded(units)]   state after every step; step t reads step t − 1
// c       [rows][padded(units)]    the second state of a cell that has one, in place; a cell without one may
// record into it
// weights [phase][group][gate with a product] panels

/**
 * What a gate's sum consists of: its input projection and its recurrent product (`projection`), the recurrent
 * product and its own bias, the projection being left to the update (`recurrent_bias`), or the input
 * projection alone (`input_only`).
 */
export type GateSum = 'projection' | 'recurrent_bias' | 'input_only';

/** One product with the recurrent weights and what follows it. */
export interface SweepPhase {
  readonly gates: readonly GateSum[];
  /** Rows that are multiplied: the state, or the output of an earlier phase in `reset`. */
  readonly operand: 'h' | 'reset';
  /** Turns the gates' sums of 16 units of one row into state. sums [gate][4 vectors] */
  readonly update: (f: FunctionBuilder, e: Emitter, sums: V128Local[][], at: RowAddresses) => void;
}

/** Addresses of 16 units of one row: the gates' input projections, the states, and rows that phases share. */
export interface RowAddresses {
  readonly pre: I32Local;
  readonly h: I32Local;
  readonly y: I32Local;
  readonly c: I32Local;
  readonly update: I32Local;
  readonly reset: I32Local;
  /** The layer's constants of these units, the same for every row. */
  readonly constants: I32Local;
}

/** A cell as the kernel runs it. */
export interface SweepCell {
  /** Part of the names of emitted functions: the same name is the same code. */
  readonly name: string;
  readonly phases: readonly SweepPhase[];
  /** Panels of constants of a group of units, [group][panels][16]. */
  readonly constantPanels: number;
  /**
   * The product reads rows of its own, the sweep's last parameter, and one step is run at a time: dropout
   * while learning.
   */
  readonly separateOperand?: boolean;
  /** There is only ever one row: the code for many is left out. */
  readonly singleRow?: boolean;
  /** Of its recurrent weights, float32 by default. */
  readonly precision?: Precision;
}

/** Indexes of a phase's gates whose sums contain a recurrent product. */
export const gatesWithProduct = ({ gates }: Pick<SweepPhase, 'gates'>): number[] =>
  gates.flatMap((sum, gate) => (sum === 'input_only' ? [] : [gate]));

/** Products with the recurrent weights that one phase keeps in scratch, at most. */
const maxProducts = ({ phases }: SweepCell): number =>
  Math.max(...phases.map((phase) => gatesWithProduct(phase).length));

/** Bytes of a row's operand where it is not the row itself. */
function operandBytes(cell: SweepCell, units: number): number {
  const { convertRows, rowByteLength } = productOf(cell.precision ?? 'float32', units);
  return convertRows && maxProducts(cell) > 0 ? rowByteLength : 0;
}

/** Bytes of scratch that a sweep over `rows` rows needs. */
export function sweepScratch(cell: SweepCell, units: number, rows: number): number {
  const sums = maxProducts(cell) * panelBytes + (cell.phases.length - 1) * 2 * padded(units) * 4;
  return rows * (sums + operandBytes(cell, units));
}

/**
 * Emits a sweep over `steps` ≥ 1 steps of `rows` ≥ 1 rows.
 * `descending` is 0 or 1: the order in which groups of units are visited, reversed at every step, so that a
 * step starts with the weights that are still in the second-level cache. It never changes a bit.
 * @returns the function's name; its parameters are in the order written below.
 */
export function emitSweep(e: Emitter, cell: SweepCell, units: number): string {
  const groups = countPanels(units);
  const hStride = groups * panelBytes;
  const gateCount = cell.phases.reduce((sum, { gates }) => sum + gates.length, 0);
  const preStride = groups * gateCount * panelBytes;
  const widest = maxProducts(cell);
  const product = productOf(cell.precision ?? 'float32', units);
  const { panelByteLength, rowByteLength: operandStride } = product;
  const parameters = [
    'pre',
    'h',
    'y',
    'c',
    'weights',
    'constants',
    'scratch',
    'rows',
    'steps',
    'descending',
    ...(cell.separateOperand ? (['operand'] as const) : []),
  ] as const;

  return e.module.function(`${cell.name}_${units}${product.label}`, parameters, (f, p) => {
    const updateRows = f.i32(add(p.scratch, mul(p.rows, widest * panelBytes)));
    const resetRows = f.i32(add(updateRows, mul(p.rows, hStride)));
    const converted =
      operandBytes(cell, units) > 0
        ? f.i32(add(updateRows, mul(p.rows, (cell.phases.length - 1) * 2 * hStride)))
        : null;
    const columns = { pre: p.pre, h: p.h, y: p.y, c: p.c, update: updateRows, reset: resetRows };
    const stride = { pre: preStride, h: hStride, y: hStride, c: hStride, update: hStride, reset: hStride };

    const phaseStep = (phase: SweepPhase, preOffset: number, weightOffset: number): void => {
      const multiplied = gatesWithProduct(phase);
      const products = multiplied.length;
      const groupWeights = products * panelByteLength;
      const given = phase.operand === 'reset' ? resetRows : (p.operand ?? p.h);
      const operand = converted ?? given;

      /** Addresses of a group's units in the first row. */
      const locate = (group: I32Like): { at: RowAddresses; weights: I32Local } => {
        const unitBytes = f.i32(mul(group, panelBytes));
        const rows = {
          pre: f.i32(add(add(p.pre, preOffset), mul(unitBytes, phase.gates.length))),
          h: f.i32(add(p.h, unitBytes)),
          y: f.i32(add(p.y, unitBytes)),
          c: f.i32(add(p.c, unitBytes)),
          update: f.i32(add(updateRows, unitBytes)),
          reset: f.i32(add(resetRows, unitBytes)),
        };
        const weights = f.i32(add(add(p.weights, weightOffset), mul(group, groupWeights)));
        const { constantPanels } = cell;
        const constants = f.i32(
          add(p.constants, constantPanels === 1 ? unitBytes : mul(unitBytes, constantPanels)),
        );
        return { at: { ...rows, constants }, weights };
      };
      const loadStart = (gate: number, preAt: I32Local, constants: I32Local, row: number, v: number) =>
        phase.gates[gate] === 'recurrent_bias'
          ? load(constants, v * 16)
          : load(preAt, row * preStride + gate * panelBytes + v * 16);
      const createVectors = (value: (v: number) => V128): V128Local[] =>
        Array.from({ length: panelVectors }, (_, v) => f.v128(value(v)));
      /**
       * The sums of one row's gates: those with a product are given, the others are input projections.
       */
      const allSums = ({ pre, constants }: RowAddresses, product: (index: number) => V128Local[]) =>
        phase.gates.map((_, gate) => {
          const index = multiplied.indexOf(gate);
          return index < 0 ? createVectors((v) => loadStart(gate, pre, constants, 0, v)) : product(index);
        });

      /** One row: the gates of several groups in tiles of `rowPanels` panels; a group is updated when it has all its sums. */
      const oneRow = (): void => {
        for (const { width, count, first } of panelGroups(groups, groupsOfRow(products, units))) {
          const visit = f.i32(count);
          const group = f.i32(first);
          f.if(p.descending, () => f.set(group, add(first, (count - 1) * width)));
          f.repeat(visit, () => {
            const places = Array.from({ length: width }, (_, i) => locate(add(group, i)));
            const sums: V128Local[] = [];
            let updated = 0;
            for (const tile of panelGroups(width * products, rowPanels))
              for (let i = 0; i < tile.count; i++) {
                const from = tile.first + i * tile.width;
                const shape = { rows: 1, vectors: tile.width * panelVectors };
                const w = add(places[0]!.weights, from * panelByteLength);
                const [acc = []] = product.multiply(f, e, shape, operand, w, (_, vector) => {
                  const panel = from + Math.floor(vector / panelVectors);
                  const { at } = places[Math.floor(panel / products)]!;
                  return loadStart(
                    multiplied[panel % products]!,
                    at.pre,
                    at.constants,
                    0,
                    vector % panelVectors,
                  );
                });
                sums.push(...acc);
                for (; (updated + 1) * products * panelVectors <= sums.length; updated++) {
                  const own = sums.slice(updated * products * panelVectors);
                  const { at } = places[updated]!;
                  const gates = allSums(at, (index) =>
                    own.slice(index * panelVectors, (index + 1) * panelVectors),
                  );
                  phase.update(f, e, gates, at);
                }
              }
            f.if(
              p.descending,
              () => f.set(group, sub(group, width)),
              () => f.set(group, add(group, width)),
            );
          });
        }
      };

      /**
       * Many rows: a gate's panel serves them all, sums wait in scratch, then the cell is updated row by row.
       */
      const manyRows = (): void => {
        const group = f.i32(0);
        f.if(p.descending, () => f.set(group, i32(groups - 1)));
        f.repeat(f.i32(groups), () => {
          const { at, weights } = locate(group);
          const sumStride = products * panelBytes;
          if (products > 0)
            forEachTile(f, p.rows, products, (block, row) => {
              const x = f.i32(add(operand, mul(row, operandStride)));
              const preAt = f.i32(add(at.pre, mul(row, preStride)));
              const sumsAt = f.i32(add(p.scratch, mul(row, sumStride)));
              const acc = product.multiply(f, e, block, x, weights, (r, v) => {
                const vector = block.first + v;
                const gate = multiplied[Math.floor(vector / panelVectors)]!;
                return loadStart(gate, preAt, at.constants, r, vector % panelVectors);
              });
              acc.forEach((sums, r) =>
                sums.forEach((sum, v) => f.store(sumsAt, sum, r * sumStride + (block.first + v) * 16)),
              );
            });

          const sums = f.i32(p.scratch);
          f.repeat(f.i32(p.rows), () => {
            const sumsOfRow = allSums(at, (index) =>
              createVectors((v) => load(sums, index * panelBytes + v * 16)),
            );
            phase.update(f, e, sumsOfRow, at);
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

      if (converted && products > 0)
        product.convertRows?.(f, e, { from: given, to: converted, rows: p.rows });
      if (products === 0) manyRows();
      else if (cell.singleRow) oneRow();
      else f.if(eq(p.rows, 1), oneRow, manyRows);
    };

    f.repeat(p.steps, () => {
      let preOffset = 0;
      let weightOffset = 0;
      for (const phase of cell.phases) {
        phaseStep(phase, preOffset, weightOffset);
        preOffset += groups * phase.gates.length * panelBytes;
        weightOffset += groups * gatesWithProduct(phase).length * panelByteLength;
      }
      f.set(columns.h, columns.y);
      f.advance(p.y, mul(p.rows, hStride));
      f.advance(p.pre, mul(p.rows, preStride));
      f.set(p.descending, xor(p.descending, 1));
    });
  });
}
