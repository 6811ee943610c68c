import type { Emitter } from './emit/emitter.ts';
import { padded } from './layout.ts';
import { emitLinear, linearScratch } from './emit/linear.ts';
import { emitSoftmax } from './emit/softmax.ts';
import { emitSweep, gatesWithProduct, sweepScratch, type SweepCell } from './emit/sweep.ts';
import { clearVectorRegisters, type KernelMode, type KernelPath } from './compile.ts';
import { instantiate, type KernelFunctions } from './instantiate.ts';
import { findVerdictPlace, keepVerdict, readVerdict, type Verdict } from './known-verdict.ts';
import type { SharedMemory } from './memory.ts';
import { minGain, measurePathGain } from './path-gain.ts';
import { inputOrder, packByGroup, packVector, productOrder, type ColumnOrder } from './pack.ts';
import { packedFloats, packProduct } from './pack-product.ts';
import type { Precision } from './precision.ts';
import { seeded } from './seeded-numbers.ts';

// Revectorisation is experimental in V8, so that path is used only if, on this machine and this V8, it gives
// the bits of the plain path for every cell, and agrees with the float64 reference. Tested once for each
// process, or once for all its starts where the verdict can be kept (known-verdict.ts).

export type Build = (path: KernelPath, emit: (e: Emitter) => void) => WebAssembly.Module;

interface State {
  readonly h: Float64Array;
  readonly c: Float64Array;
}
interface CellWeights {
  /** [gates·units, in] and [gates·units] */
  readonly weightIh: Float32Array;
  readonly biasIh: Float32Array;
  /** [gates with a product·units, units] and [gates with a product·units] */
  readonly weightHh: Float32Array;
  readonly biasHh: Float32Array;
  /** [panels of constants·units], of cells without a separate recurrent bias */
  readonly peephole: Float32Array;
}

/** A cell that the self-test runs, and its float64 reference. */
export interface TestedCell {
  readonly cell: SweepCell;
  readonly step: (weights: CellWeights, x: Float32Array, state: State) => State;
}
/**
 * Three groups of units, the last one partly filled; numbers of rows that use every block size of the tile.
 */
const units = 37;
const inner = 19;
const steps = 5;
const rowCounts = [1, 2, 3, 4, 5, 6, 14];
/** Of h from the reference, by precision: a step of the quantised numbers for a few steps. */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-5, int16: 0.01, int8: 0.2 };

/**
 * Chooses the path for this process.
 * @param sources folders of the code that is tested: a verdict is kept for as long as it does not change
 */
export function choosePath(
  mode: KernelMode,
  memory: SharedMemory,
  build: Build,
  cells: readonly TestedCell[],
  sources: readonly string[],
): Verdict {
  if (mode === 'plain') return { path: 'plain', reason: 'UNROLL_KERNEL=plain asks for it' };
  if (process.arch !== 'x64')
    return { path: 'plain', reason: `V8 revectorises on x64 only, this is ${process.arch}` };
  if (verdict) return verdict;
  const place = findVerdictPlace(sources);
  verdict = place && readVerdict(place);
  if (!verdict) {
    verdict = judge(memory, build, cells);
    // a machine that was busy while it was measured is measured again
    if (place && verdict.path === 'revectorised') keepVerdict(place, verdict);
  }
  return verdict;
}

/** The result, which cannot change during the process. */
let verdict: Verdict | null = null;

function judge(memory: SharedMemory, build: Build, cells: readonly TestedCell[]): Verdict {
  const failure = tryCompare(memory, build, cells);
  if (failure !== null)
    return { path: 'plain', reason: `the revectorised path failed its self-test: ${failure}` };
  const gain = measurePathGain(memory, build);
  if (gain < minGain)
    return {
      path: 'plain',
      reason: `V8 does not revectorise here: the path measured ${gain.toFixed(2)} times as fast as the plain one`,
    };
  return {
    path: 'revectorised',
    reason: `its self-test gave the bits of the plain path and agreed with the reference; measured ${gain.toFixed(1)} times as fast`,
  };
}

function tryCompare(memory: SharedMemory, build: Build, cells: readonly TestedCell[]): string | null {
  try {
    return comparePaths(memory, build, cells);
  } catch (error) {
    return `it threw ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Runs every cell on both paths. @returns the first difference, or null */
export function comparePaths(
  memory: SharedMemory,
  build: Build,
  cells: readonly TestedCell[],
): string | null {
  const plainCode = compileAll('plain', memory, build, cells);
  const pairedCode = compileAll('revectorised', memory, build, cells);
  for (const tested of cells) {
    const placed = placeCell(tested, memory);
    try {
      for (const rows of rowCounts) {
        const { cell } = tested;
        const name = `${cell.name} ${precisionOf(cell)}`;
        const plain = runCell(plainCode, placed, rows, memory);
        const paired = runCell(pairedCode, placed, rows, memory);
        const bits = new Uint32Array(plain.buffer);
        if (new Uint32Array(paired.buffer).some((word, i) => word !== bits[i]))
          return `${name} with ${rows} rows differs in bits from the plain path`;
        const wrong = worstError(paired, placed, rows);
        if (!(wrong <= tolerances[precisionOf(cell)]))
          return `${name} with ${rows} rows differs from the reference by ${wrong}`;
      }
    } finally {
      for (const region of placed.regions) memory.free(region);
    }
  }
  return null;
}

interface Code {
  readonly functions: KernelFunctions;
  readonly sweeps: ReadonlyMap<SweepCell, string>;
  readonly projections: ReadonlyMap<SweepCell, string>;
  readonly softmax: string;
}

/** All functions in one module, so that V8 compiles them in parallel. */
function compileAll(
  path: KernelPath,
  memory: SharedMemory,
  build: Build,
  cells: readonly TestedCell[],
): Code {
  const sweeps = new Map<SweepCell, string>();
  const projections = new Map<SweepCell, string>();
  let softmax = '';
  const module = build(path, (e) => {
    softmax = emitSoftmax(e, units);
    for (const { cell } of cells) {
      sweeps.set(cell, emitSweep(e, cell, units));
      projections.set(cell, emitLinear(e, projectionOf(cell)));
    }
  });
  return { functions: instantiate(module, memory.memory), sweeps, projections, softmax };
}

const precisionOf = ({ precision = 'float32' }: SweepCell): Precision => precision;
const projectionOf = (cell: SweepCell) =>
  ({ inner, columns: inputOrder(cell, units).length, precision: precisionOf(cell) }) as const;

/**
 * A cell's seeded weights, packed in the kernel's memory, and its inputs: the same for every number of rows.
 */
interface PlacedCell {
  readonly tested: TestedCell;
  readonly weights: CellWeights;
  /** [rows][steps][inner] */
  readonly inputs: readonly (readonly Float32Array[])[];
  /** The last h of each row requested, by the reference. */
  readonly expected: Map<number, ArrayLike<number>>;
  readonly packedIh: number;
  readonly packedHh: number;
  readonly packedBias: number;
  readonly packedConstants: number;
  readonly regions: readonly number[];
}

function placeCell(tested: TestedCell, memory: SharedMemory): PlacedCell {
  const { cell } = tested;
  const order = inputOrder(cell, units);
  const recurrentOrder = productOrder(cell, units);
  const sums = cell.phases.flatMap(({ gates }) => gates);
  const multiplied = gatesWithProduct({ gates: sums });
  const separate = sums.indexOf('recurrent_bias');
  const random = seeded(units);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random());
  const weights: CellWeights = {
    weightIh: draw(sums.length * units * inner),
    weightHh: draw(multiplied.length * units * units).map((value) => value / 3),
    biasIh: draw(sums.length * units),
    biasHh: draw(multiplied.length * units),
    peephole: draw(separate < 0 ? cell.constantPanels * units : 0),
  };
  const inputs = Array.from({ length: Math.max(...rowCounts) }, () =>
    Array.from({ length: steps }, () => draw(inner)),
  );
  const recurrentBias = (gate: number): Float32Array => {
    const block = multiplied.indexOf(gate);
    return weights.biasHh.subarray(block * units, (block + 1) * units);
  };
  const bias = weights.biasIh.slice();
  for (const gate of multiplied)
    if (gate !== separate)
      recurrentBias(gate).forEach((value, unit) => {
        bias[gate * units + unit] = bias[gate * units + unit]! + value;
      });
  const constants = separate < 0 ? weights.peephole : recurrentBias(separate);
  const regions: number[] = [];
  const place = (length: number, fill: (values: Float32Array) => void): number => {
    const address = memory.allocate(length * 4);
    regions.push(address);
    fill(new Float32Array(memory.memory.buffer, address, length));
    return address;
  };
  const precision = precisionOf(cell);
  const placeMatrix = (matrix: Float32Array, length: number, columns: ColumnOrder): number =>
    place(packedFloats(precision, length, columns.length), (to) =>
      packProduct(matrix, length, columns, precision, to),
    );
  return {
    tested,
    weights,
    inputs,
    expected: new Map(),
    packedIh: placeMatrix(weights.weightIh, inner, order),
    packedHh: placeMatrix(weights.weightHh, units, recurrentOrder),
    packedBias: place(order.length, (to) => packVector(bias, order, to)),
    packedConstants: place(padded(units) * cell.constantPanels, (to) =>
      packByGroup(constants, cell.constantPanels, units, to),
    ),
    regions,
  };
}

/**
 * One projection, sweep and softmax.
 * @returns [steps][rows][padded(units)], then the same rows through a softmax
 */
function runCell(code: Code, placed: PlacedCell, rows: number, memory: SharedMemory): Float32Array {
  const { cell } = placed.tested;
  const { packedIh, packedHh, packedBias, packedConstants } = placed;
  const width = padded(units);
  const regions: number[] = [];
  const allocate = (length: number): number => {
    const address = memory.allocate(length * 4);
    regions.push(address);
    return address;
  };
  const x = allocate(steps * rows * padded(inner));
  const pre = allocate(steps * rows * inputOrder(cell, units).length);
  const [h, c] = [allocate(rows * width), allocate(rows * width)];
  const y = allocate(steps * rows * width);
  const scratch = allocate(sweepScratch(cell, units, rows) / 4);
  const quantised = allocate(linearScratch(projectionOf(cell)) / 4);
  const numbers = (address: number, length: number): Float32Array =>
    new Float32Array(memory.memory.buffer, address, length);
  try {
    const values = numbers(x, steps * rows * padded(inner));
    for (let t = 0; t < steps; t++)
      for (let row = 0; row < rows; row++)
        values.set(placed.inputs[row]![t]!, (t * rows + row) * padded(inner));
    code.functions[code.projections.get(cell)!]!(x, packedIh, packedBias, pre, steps * rows, quantised);
    code.functions[code.sweeps.get(cell)!]!(pre, h, y, c, packedHh, packedConstants, scratch, rows, steps, 0);
    const view = numbers(y, steps * rows * width);
    const output = new Float32Array(2 * view.length);
    output.set(view);
    code.functions[code.softmax]!(y, steps * rows);
    output.set(view, view.length);
    clearVectorRegisters();
    return output;
  } finally {
    for (const region of regions) memory.free(region);
  }
}

/** The largest difference from the reference in the last step of the first and the last row. */
function worstError(output: Float32Array, placed: PlacedCell, rows: number): number {
  let worst = 0;
  for (const row of new Set([0, rows - 1])) {
    const at = ((steps - 1) * rows + row) * padded(units);
    const expected = computeExpected(placed, row);
    for (let unit = 0; unit < units; unit++)
      worst = Math.max(worst, Math.abs(expected[unit]! - output[at + unit]!));
  }
  return worst;
}

function computeExpected({ tested, weights, inputs, expected }: PlacedCell, row: number): ArrayLike<number> {
  let h = expected.get(row);
  if (!h) {
    let state: State = { h: new Float64Array(units), c: new Float64Array(units) };
    for (const x of inputs[row]!) state = tested.step(weights, x, state);
    expected.set(row, (h = state.h));
  }
  return h;
}
