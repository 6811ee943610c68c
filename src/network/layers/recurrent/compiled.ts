// A compiled recurrent layer, as posted to a worker: names of emitted functions, and addresses in the shared
// memory.

/** Input projections of one direction, and its sweep over time. */
export interface CompiledDirection {
  readonly projection: string;
  readonly sweep: string;
  /** The sweep of one row that leaves the gates' values in place of its input projections, where they are reported. */
  readonly observe: string | null;
  /** Freed where there is a table. */
  readonly weightIh: number;
  readonly bias: number;
  readonly weightHh: number;
  /** Vectors that the cell reads by unit: recurrent biases that stay separate, then peephole weights. */
  readonly constants: number;
  /** The initial state of a sequence [padded(units)], null for zeros. */
  readonly initialH: number | null;
  readonly initialC: number | null;
  /** Token → input projection, bias included, filled once at load; then `projection` is not run. */
  readonly table: number | null;
  readonly gather: string;
}

/** Columns of a gate in a row of input projections: unit u is at first + ⌊u / 16⌋ · stride + u mod 16. */
export interface GateColumns {
  readonly name: string;
  readonly first: number;
  readonly stride: number;
}

export interface CompiledRecurrent {
  readonly kind: 'recurrent';
  readonly units: number;
  /** float32 of one row's input projection. */
  readonly columns: number;
  readonly hasCellState: boolean;
  readonly scratchBytesPerRow: number;
  readonly projectionScratchBytes: number;
  /** None of a cell whose only gate is h. */
  readonly gates: readonly GateColumns[];
  readonly forward: CompiledDirection;
  readonly backward: CompiledDirection | null;
  readonly merge: string | null;
  /** Merges with the backward output of the first step rather than each step's own. */
  readonly mergeAtFirstStep: boolean;
}
