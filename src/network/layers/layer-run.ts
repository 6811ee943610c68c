import type { KernelFunctions } from '../../kernel/instantiate.ts';
import type { InsideRows } from '../inside.ts';
import type { AttendedSource } from './attended-source.ts';
import type { Plan, RunContext } from './layer.ts';
import type { StateBlock } from '../state.ts';

// The interface of a layer in a worker: no schema, no compiler, no training.

/** A compiled layer: plain data, cloned to every worker. `kind` is its type in the registry. */
export interface CompiledLayer {
  readonly kind: string;
}

export interface RunnerSize {
  readonly maxRows: number;
  /** Maximum (row, step) pairs of one tick. */
  readonly maxPacked: number;
  /** Attention: maximum steps of a source. */
  readonly maxSource?: number;
}

/**
 * Floats of scratch by name: layers share the scratch of one name, which has the size of the largest request.
 */
export type Scratch = Readonly<Record<string, number>>;

/** Addresses that a layer reads and writes. Rows are [padded(width)]. */
export interface RowPlace {
  /** Rows of every input; ids where it reads ids, column after column, at a distance of `columnBytes`. */
  readonly x: readonly number[];
  readonly columnBytes: number;
  readonly y: number;
  readonly rows: number;
  /** Whether to return the output before its activation, which decoding reads. */
  readonly logits: boolean;
  readonly scratch: (name: string) => number;
}

/**
 * A layer whose rows do not depend on each other: it runs for the requested rows only, unless a later layer
 * needs others.
 */
export interface RowLayerRun<Compiled extends CompiledLayer = CompiledLayer> {
  readonly acrossSteps: false;
  scratch?(compiled: Compiled): Scratch;
  run(compiled: Compiled, context: RunContext, at: RowPlace): void;
}

export interface PlaceContext extends Required<RunnerSize> {
  /** The node's index. */
  readonly index: number;
  /** Packed rows of its first input, and their columns; 0 columns where they are ids. */
  readonly x: number;
  readonly xWidth: number;
  readonly y: number;
  /** Address of the packed ids. */
  readonly ids: number;
  /** Its first input, compiled. */
  readonly before: CompiledLayer | undefined;
  /** Whether states are kept from one tick to the next. */
  readonly causal: boolean;
  /** Rows of scratch. */
  readonly rows: (count: number, width: number) => number;
  /** Memory that no other network writes; it is zero at first. */
  readonly keptFloats: (count: number) => number;
  /** Makes a block part of a sequence's state. @returns its address */
  readonly keep: (block: StateBlock) => number;
  readonly scratch: (name: string) => number;
}

/** A tick of a runner, as passed to a layer. */
export interface Tick {
  readonly plan: Plan;
  /** Attention: the source of each row. */
  readonly sources: readonly AttendedSource[];
  /** The errors of rows that failed. */
  readonly failures: Map<number, string>;
  /** Null where no row asks for inside values. */
  readonly inside: InsideTick | null;
}

/** The rows of a tick whose inside values are reported, and the functions that report them. */
export interface InsideTick {
  readonly rows: ReadonlyMap<number, InsideRows>;
  readonly functions: () => KernelFunctions;
}

/**
 * A layer with a state, or one whose rows depend on other steps or on a source: it runs for all rows of a
 * tick.
 */
export interface StepLayerRun<Compiled extends CompiledLayer = CompiledLayer, Place = unknown> {
  readonly acrossSteps: true;
  scratch?(compiled: Compiled, size: Required<RunnerSize>): Scratch;
  /** Whether it looks its input up by id and does not read the rows of the layer before. */
  skipsInput?(compiled: Compiled): boolean;
  /** Additional addresses: states, rows. */
  place(compiled: Compiled, context: PlaceContext): Place;
  create(compiled: Compiled, context: RunContext, place: Place): (tick: Tick) => void;
}

export type LayerRun = RowLayerRun | StepLayerRun;
