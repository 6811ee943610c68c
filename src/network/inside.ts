// Inside values: h, c and the gates' values of recurrent layers after every step of one sequence. A plan says
// which of them a step's row has, and where; the row is float32 [width], columns one after the other.

export type InsideKind = 'hidden' | 'cell' | 'gates';
export type Direction = 'forward' | 'backward';

/** A recurrent layer whose values can be reported. */
export interface InsideLayer {
  readonly name: string;
  /** Its index in the graph. */
  readonly node: number;
  readonly units: number;
  readonly directions: readonly Direction[];
  readonly hasCellState: boolean;
  /** Names of its gates; none of a plain cell, whose only gate is h. */
  readonly gates: readonly string[];
}

export interface InsideColumn {
  readonly kind: InsideKind;
  /** Which gate; 0 of the others. */
  readonly gate: number;
}

/** The values of one direction of a layer. */
export interface InsidePart {
  readonly layer: InsideLayer;
  readonly direction: Direction;
  /** The reported units, in this order; null for all. */
  readonly units: readonly number[] | null;
  readonly columns: readonly InsideColumn[];
  /** Numbers of each column. */
  readonly count: number;
  /** Where its first column is in a step's row. */
  readonly at: number;
}

export interface InsidePlan {
  readonly parts: readonly InsidePart[];
  /** Numbers of a step. */
  readonly width: number;
  /** Steps before it are not reported. */
  readonly firstStep: number;
}

/**
 * Lays out the values of layers.
 * @param kinds in any order; a layer that lacks one of them has no columns of it
 * @param units null for all
 */
export function planInside(
  layers: readonly InsideLayer[],
  kinds: readonly InsideKind[],
  units: readonly number[] | null,
): InsidePlan {
  const parts: InsidePart[] = [];
  let width = 0;
  for (const layer of layers) {
    const columns = listColumns(layer, kinds);
    const count = units?.length ?? layer.units;
    if (columns.length > 0)
      for (const direction of layer.directions) {
        parts.push({ layer, direction, units, columns, count, at: width });
        width += columns.length * count;
      }
  }
  return { parts, width, firstStep: 0 };
}

function listColumns({ hasCellState, gates }: InsideLayer, kinds: readonly InsideKind[]): InsideColumn[] {
  const columns: InsideColumn[] = [];
  if (kinds.includes('hidden')) columns.push({ kind: 'hidden', gate: 0 });
  if (kinds.includes('cell') && hasCellState) columns.push({ kind: 'cell', gate: 0 });
  if (kinds.includes('gates')) columns.push(...gates.map((_, gate) => ({ kind: 'gates' as const, gate })));
  return columns;
}

/** The rows of one sequence that a tick fills: [steps, plan.width]. */
export interface InsideRows {
  readonly plan: InsidePlan;
  readonly values: Float32Array;
}
