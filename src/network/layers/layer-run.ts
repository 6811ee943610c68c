import type { AttendedSource } from './attended-source.ts';
import type { Plan, RunContext } from './layer.ts';
import type { StateBlock } from '../state.ts';

// What a layer is while it runs in a worker: no schema, no compiler, no training.

/** What a layer compiled to: plain data, cloned to every worker. `kind` is its type in the registry. */
export interface CompiledLayer {
  readonly kind: string;
}

export interface RunnerSize {
  readonly maxRows: number;
  /** Most (row, step) pairs of one tick. */
  readonly maxPacked: number;
  /** Attention: most steps of a source. */
  readonly maxSource?: number;
}

/** Floats that a layer works in, by name: layers share what has one name, and it is as large as the largest of them needs. */
export type Scratch = Readonly<Record<string, number>>;

/** Addresses of what a layer reads and writes. Rows are [padded(width)]. */
export interface RowPlace {
  /** Rows of every input; ids where it reads ids, column after column, `columnBytes` apart. */
  readonly x: readonly number[];
  readonly columnBytes: number;
  readonly y: number;
  readonly rows: number;
  /** Whether the output is to be that before its activation: what decoding reads. */
  readonly logits: boolean;
  readonly scratch: (name: string) => number;
}

/** A layer whose rows do not depend on each other: it runs for the rows asked for alone, where no layer after it needs others. */
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
  /** What its first input compiled to. */
  readonly before: CompiledLayer | undefined;
  /** Whether states are kept from one tick to the next. */
  readonly causal: boolean;
  readonly rows: (count: number, width: number) => number;
  readonly floats: (count: number) => number;
  /** Makes a block part of a sequence's state. @returns its address */
  readonly keep: (block: StateBlock) => number;
  readonly scratch: (name: string) => number;
}

/** What one tick of a runner passes to a layer. */
export interface Tick {
  readonly plan: Plan;
  /** Attention: what each row looks back at. */
  readonly sources: readonly AttendedSource[];
  /** By row, why it has no numbers. */
  readonly failures: Map<number, string>;
}

/** A layer with a state, or one whose rows depend on other steps or on a source: it runs for all rows of a tick. */
export interface StepLayerRun<Compiled extends CompiledLayer = CompiledLayer, Place = unknown> {
  readonly acrossSteps: true;
  scratch?(compiled: Compiled, size: Required<RunnerSize>): Scratch;
  /** Whether it looks its input up by id, and nobody needs the rows of the layer before for it. */
  skipsInput?(compiled: Compiled): boolean;
  /** Addresses of what it needs besides: states, rows. */
  place(compiled: Compiled, context: PlaceContext): Place;
  create(compiled: Compiled, context: RunContext, place: Place): (tick: Tick) => void;
}

export type LayerRun = RowLayerRun | StepLayerRun;
