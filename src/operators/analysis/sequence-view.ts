import type { Operand } from '../operand.ts';
import type { RowCount } from '../row-count.ts';
import type { SignatureTensor } from '../signature.ts';

// The sequence view of a graph: what of its inputs and outputs is a sequence, a state, a length. Tasks, streaming
// and sessions stand on it.

/** What an axis of an input is: one entry for each sequence, one for each step, or of a size that is fixed. */
export type InputAxis = 'batch' | 'time' | number;

export interface ViewInput extends SignatureTensor {
  readonly axes: readonly InputAxis[];
}

/** An input that is given the value that an output had in the call before. */
export interface ViewState {
  readonly input: ViewInput;
  readonly output: SignatureTensor;
}

export interface ViewOutput extends SignatureTensor {
  /** Its shape for one sequence; −1 is the axis of rows. */
  readonly sizes: readonly number[];
  /** Its axis of rows, null where it has one answer for the whole sequence. */
  readonly time: number | null;
  readonly batch: number | null;
  readonly rows: RowCount | null;
  /** Rows that one step has, side by side in a step's answer: 1, or more where there are more rows than steps. */
  readonly rowsPerStep: number;
}

export interface SequenceView {
  readonly input: ViewInput;
  /** Ids are smaller than this; undefined where a step has numbers. */
  readonly vocabulary: number | undefined;
  /** Numbers in − scale … scale that the answer depends on. */
  readonly scale: number;
  /** The only number of steps that the graph accepts, where there is one. */
  readonly steps: number | undefined;
  readonly states: readonly ViewState[];
  /** Inputs that reach the start of a recurrence whose end is no output: zeros. */
  readonly starts: readonly ViewInput[];
  /** Inputs that have the length of every sequence. */
  readonly lengths: readonly ViewInput[];
  /** What lengths are where a call is one step: the steps of the recurrence within it. */
  readonly window: number;
  /** Inputs that model.json sets, by value name. */
  readonly set: ReadonlyMap<string, Operand>;
  readonly output: ViewOutput;
}

/** What model.json says of a graph (`graph.*`). */
export interface ViewSettings {
  readonly input?: string | undefined;
  readonly output?: string | undefined;
  readonly set: Readonly<Record<string, number | readonly number[]>>;
  readonly states?: Readonly<Record<string, string>> | undefined;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  /** What a reader knows of its format: the axes of all inputs, and the only number of steps. */
  readonly axes?: Readonly<Record<string, readonly InputAxis[]>>;
  readonly steps?: number;
}

/** The shape of an input for so many sequences and steps. */
export const shapeFor = ({ axes }: Pick<ViewInput, 'axes'>, batch: number, steps: number): number[] =>
  axes.map((axis) => (axis === 'batch' ? batch : axis === 'time' ? steps : axis));
