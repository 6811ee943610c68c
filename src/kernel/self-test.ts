import { padded, type Emitter } from './emit/emitter.ts';
import { gruResetAfterCell, gruResetBeforeCell } from './emit/gru.ts';
import { emitLinear } from './emit/linear.ts';
import { lstmCell, lstmCellWith } from './emit/lstm.ts';
import { emitSweep, sweepScratch, type Cell } from './emit/recurrent.ts';
import { rnnCell } from './emit/rnn.ts';
import { emitSoftmax } from './emit/softmax.ts';
import { plainActivation, usualOptions, type CellOptions } from './cell-options.ts';
import { clearVectorRegisters, type KernelMode, type KernelPath } from './compile.ts';
import { instantiate, type KernelFunctions } from './instantiate.ts';
import type { SharedMemory } from './memory.ts';
import { leastGain, pathGain } from './path-gain.ts';
import { packByGroup, packMatrix, packVector, recurrentOrder } from './pack.ts';
import { zeroState, type CellStep } from './reference/cell.ts';
import { gruResetAfterStep, gruResetBeforeStep } from './reference/gru.ts';
import { lstmStep } from './reference/lstm.ts';
import { rnnStep } from './reference/rnn.ts';

// The revectorised path is V8's experiment, so it is taken only after it gave, on this machine and this V8, the bits of
// the plain path for every cell, and numbers that agree with the float64 reference. Once a process.

type Build = (path: KernelPath, emit: (e: Emitter) => void) => WebAssembly.Module;

interface Tested {
  readonly cell: Cell;
  readonly step: CellStep;
  readonly gates: number;
  readonly options?: CellOptions;
}
const relu: CellOptions = { ...usualOptions, candidate: plainActivation('relu') };
/** Has the operations that only options emit: constants of a model, comparisons, peepholes. */
const optional: CellOptions = {
  gate: { type: 'hard_sigmoid', alpha: 0.2, beta: 0.5 },
  // at 0 it is relu, and a last bit decides nothing
  candidate: { type: 'thresholded_relu', alpha: 0, beta: 0 },
  output: plainActivation('softsign'),
  clip: 2,
  inputForget: false,
  peepholes: true,
};
const cells: readonly Tested[] = [
  { cell: lstmCell, step: lstmStep, gates: 4 },
  { cell: gruResetAfterCell, step: gruResetAfterStep, gates: 3 },
  { cell: gruResetBeforeCell, step: gruResetBeforeStep, gates: 3 },
  { cell: rnnCell('tanh'), step: rnnStep, gates: 1 },
  { cell: rnnCell('relu'), step: rnnStep, gates: 1, options: relu },
  { cell: lstmCellWith(optional), step: lstmStep, gates: 4, options: optional },
];
/** Three groups of units, the last one partly filled; rows that take every block size of the tile. */
const units = 37;
const inner = 19;
const steps = 5;
const rowCounts = [1, 2, 3, 4, 5, 6, 14];
const tolerance = 1e-5;

/** Decides the path for this process, and says why in a sentence. */
export function choosePath(
  mode: KernelMode,
  memory: SharedMemory,
  build: Build,
): { path: KernelPath; reason: string } {
  if (mode === 'plain') return { path: 'plain', reason: 'UNROLL_KERNEL=plain asks for it' };
  if (process.arch !== 'x64')
    return { path: 'plain', reason: `V8 pairs vector operations on x64 only, this is ${process.arch}` };
  verdict ??= judge(memory, build);
  return verdict;
}

interface Verdict {
  readonly path: KernelPath;
  readonly reason: string;
}
/** The answer cannot change while the process lives. */
let verdict: Verdict | undefined;

function judge(memory: SharedMemory, build: Build): Verdict {
  const failure = tryCompare(memory, build);
  if (failure !== null)
    return { path: 'plain', reason: `the revectorised path did not pass its self-test: ${failure}` };
  const gain = pathGain(memory, build);
  if (gain < leastGain)
    return {
      path: 'plain',
      reason: `V8 pairs nothing here: the revectorised path measured ${gain.toFixed(2)} times as fast`,
    };
  return {
    path: 'revectorised',
    reason: `its self-test gave the bits of the plain path and agreed with the reference; it multiplies ${gain.toFixed(1)} times as fast`,
  };
}

function tryCompare(memory: SharedMemory, build: Build): string | null {
  try {
    return comparePaths(memory, build);
  } catch (error) {
    return `it threw ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Runs every cell on both paths. @returns null, or what differed */
export function comparePaths(memory: SharedMemory, build: Build): string | null {
  const plainCode = compileAll('plain', memory, build);
  const pairedCode = compileAll('revectorised', memory, build);
  for (const tested of cells) {
    const placed = placeCell(tested, memory);
    try {
      for (const rows of rowCounts) {
        const { name } = tested.cell;
        const plain = runCell(plainCode, placed, rows, memory);
        const paired = runCell(pairedCode, placed, rows, memory);
        const bits = new Uint32Array(plain.buffer);
        if (new Uint32Array(paired.buffer).some((word, i) => word !== bits[i]))
          return `${name} with ${rows} rows has other bits than the plain path`;
        const wrong = worstError(paired, placed, rows);
        if (!(wrong <= tolerance)) return `${name} with ${rows} rows is ${wrong} from the reference`;
      }
    } finally {
      for (const region of placed.regions) memory.free(region);
    }
  }
  return null;
}

interface Code {
  readonly functions: KernelFunctions;
  readonly sweeps: ReadonlyMap<Cell, string>;
  readonly projections: ReadonlyMap<Cell, string>;
  readonly softmax: string;
}

/** Everything in one module, so that V8 compiles its functions side by side. */
function compileAll(path: KernelPath, memory: SharedMemory, build: Build): Code {
  const sweeps = new Map<Cell, string>();
  const projections = new Map<Cell, string>();
  let softmax = '';
  const module = build(path, (e) => {
    softmax = emitSoftmax(e, units);
    for (const { cell } of cells) {
      sweeps.set(cell, emitSweep(e, cell, units));
      projections.set(cell, emitLinear(e, { inner, columns: recurrentOrder(cell, units).length }));
    }
  });
  return { functions: instantiate(module, memory.memory), sweeps, projections, softmax };
}

/** A cell's seeded weights, packed in the kernel's memory, and its inputs: the same for every number of rows. */
interface PlacedCell {
  readonly tested: Tested;
  readonly weights: Parameters<CellStep>[0];
  /** [rows][steps][inner] */
  readonly inputs: readonly (readonly Float32Array[])[];
  /** The last h of each row that was asked for, by the reference. */
  readonly expected: Map<number, ArrayLike<number>>;
  readonly packedIh: number;
  readonly packedHh: number;
  readonly packedBias: number;
  readonly recurrentBias: number;
  readonly regions: readonly number[];
}

function placeCell(tested: Tested, memory: SharedMemory): PlacedCell {
  const { cell, gates } = tested;
  const order = recurrentOrder(cell, units);
  const random = seeded(units);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => random());
  const weights = {
    weightIh: draw(gates * units * inner),
    weightHh: draw(gates * units * units).map((value) => value / 3),
    biasIh: draw(gates * units),
    biasHh: draw(gates * units),
    peephole: draw(cell.constantPanels === 3 ? 3 * units : 0),
  };
  const inputs = Array.from({ length: Math.max(...rowCounts) }, () =>
    Array.from({ length: steps }, () => draw(inner)),
  );
  const apart = cell.phases.some(({ start }) => start.includes('bias')) ? 2 * units : gates * units;
  const bias = weights.biasIh.map((value, row) => (row < apart ? value + weights.biasHh[row]! : value));
  const { constantPanels = 1 } = cell;
  const constants = constantPanels === 1 ? weights.biasHh.subarray(apart) : weights.peephole;
  const regions: number[] = [];
  const place = (length: number, fill: (values: Float32Array) => void): number => {
    const address = memory.allocate(length * 4);
    regions.push(address);
    fill(new Float32Array(memory.memory.buffer, address, length));
    return address;
  };
  return {
    tested,
    weights,
    inputs,
    expected: new Map(),
    packedIh: place(order.length * inner, (to) => packMatrix(weights.weightIh, inner, order, to)),
    packedHh: place(order.length * units, (to) => packMatrix(weights.weightHh, units, order, to)),
    packedBias: place(order.length, (to) => packVector(bias, order, to)),
    recurrentBias: place(padded(units) * constantPanels, (to) =>
      packByGroup(constants, constants.length / units, units, to),
    ),
    regions,
  };
}

/** One projection, sweep and softmax. @returns [steps][rows][padded(units)], then the same rows through a softmax */
function runCell(code: Code, placed: PlacedCell, rows: number, memory: SharedMemory): Float32Array {
  const { cell } = placed.tested;
  const { packedIh, packedHh, packedBias, recurrentBias } = placed;
  const width = padded(units);
  const regions: number[] = [];
  const allocate = (length: number): number => {
    const address = memory.allocate(length * 4);
    regions.push(address);
    return address;
  };
  const x = allocate(steps * rows * padded(inner));
  const pre = allocate(steps * rows * recurrentOrder(cell, units).length);
  const [h, c] = [allocate(rows * width), allocate(rows * width)];
  const y = allocate(steps * rows * width);
  const scratch = allocate(sweepScratch(cell, units, rows) / 4);
  const numbers = (address: number, length: number): Float32Array =>
    new Float32Array(memory.memory.buffer, address, length);
  try {
    const values = numbers(x, steps * rows * padded(inner));
    for (let t = 0; t < steps; t++)
      for (let row = 0; row < rows; row++)
        values.set(placed.inputs[row]![t]!, (t * rows + row) * padded(inner));
    code.functions[code.projections.get(cell)!]!(x, packedIh, packedBias, pre, steps * rows);
    code.functions[code.sweeps.get(cell)!]!(pre, h, y, c, packedHh, recurrentBias, scratch, rows, steps, 0);
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

/** Largest difference of the last step of the first and the last row from the reference. */
function worstError(output: Float32Array, placed: PlacedCell, rows: number): number {
  let worst = 0;
  for (const row of new Set([0, rows - 1])) {
    const at = ((steps - 1) * rows + row) * padded(units);
    const expected = expectedOf(placed, row);
    for (let unit = 0; unit < units; unit++)
      worst = Math.max(worst, Math.abs(expected[unit]! - output[at + unit]!));
  }
  return worst;
}

function expectedOf({ tested, weights, inputs, expected }: PlacedCell, row: number): ArrayLike<number> {
  let h = expected.get(row);
  if (!h) {
    let state = zeroState(units);
    for (const x of inputs[row]!) state = tested.step(weights, x, state, tested.options);
    expected.set(row, (h = state.h));
  }
  return h;
}

/** Numbers in [−1, 1) from a linear congruential generator (Numerical Recipes' constants). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}
