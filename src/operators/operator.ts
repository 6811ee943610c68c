import type { BodySpec, OperatorSpec } from './spec.ts';
import type { OperandContext, Operand } from './operand.ts';

/** An operator prepared for the shapes of its inputs. */
export interface PreparedOperator {
  readonly outputs: readonly Operand[];
  /** Computes the outputs from the inputs' current values. Null where an output shares its input's values. */
  readonly run: (() => void) | null;
  /** What `run` does, in slices; absent where there is only one. */
  readonly slices?: () => Generator<void>;
  /** What `run` does, with the part that the kernel does for several rows at once apart. */
  readonly joint?: JointWork;
}

/**
 * Work of which the kernel does a part: for several sequences, each with an operator prepared alike, that part is done at
 * once. A row's numbers do not depend on what is beside it.
 */
export interface JointWork {
  /** Prepares the kernel's part, for one sequence. */
  readonly before?: () => void;
  /** Does the kernel's part for several. @param all of the same operator, this one among them */
  readonly runAll: (all: readonly JointWork[]) => void;
  /** What the kernel reads and writes. */
  readonly operands: readonly Operand['values'][];
  /** Ends with what the kernel has done, for one sequence. */
  readonly after?: () => void;
}

/** A prepared body of operators. The caller fills its inputs before each run. */
export interface PreparedBody {
  readonly outputs: readonly Operand[];
  /** What `run` does, in slices of some milliseconds. */
  readonly slices: () => Generator<void>;
  /** Of one run: what it is known to compute, in elements (estimate-work.ts). */
  readonly work: number;
  readonly run: () => void;
  /** What `run` does, one after the other. */
  readonly operations: readonly Pick<PreparedOperator, 'run' | 'joint'>[];
}

/** y [rows, columns] = x [rows, inner] · W + b, with W packed for the kernel; x and y are dense and row-major. */
export interface MatrixProduct {
  (x: Operand['values'], y: Operand['values'], rows: number): void;
  /** Several x and y of so many rows each at once. @param all x, y */
  readonly joined: (all: readonly (readonly Operand['values'][])[], rows: number) => void;
  /** Whether b is the operator's own bias, rather than zeros. */
  readonly hasBias: boolean;
}

/** One direction of a recurrent operator, with its weights packed for the kernel. */
export interface RecurrentSweep {
  readonly units: number;
  readonly hasCellState: boolean;
  /** x [steps, rows, in] → y [steps, rows, units]; h and c [rows, units] are read and updated. */
  run(
    x: Operand['values'],
    y: Operand['values'],
    h: Operand['values'],
    c: Operand['values'],
    steps: number,
    rows: number,
  ): void;
  /** Several of so many steps and rows each at once, on the kernel. @param all x, y, h, c */
  readonly joined?: (all: readonly (readonly Operand['values'][])[], steps: number, rows: number) => void;
}

export interface PrepareContext extends OperandContext {
  /**
   * Null where the operator's matrix is not constant, or without a kernel (constant folding, the reference).
   */
  product(operator: OperatorSpec): MatrixProduct | null;
  /** Computes an operator element by element for several x and y; null or absent where the kernel has none. */
  elementwise?(operator: OperatorSpec): JointWork['runAll'] | null;
  /**
   * The directions of a recurrent operator.
   * @throws UnrollError invalid_model where its weights are not constant
   */
  sweeps(operator: OperatorSpec, inputs: readonly (Operand | undefined)[]): readonly RecurrentSweep[];
  /** Whether operators have to run in slices: a larger one that has none is refused. */
  readonly sliced?: boolean;
  /** Called with every value before it is computed. What it throws ends preparing. */
  readonly onValue?: (name: string, value: Operand) => void;
  /** Prepares a body. @param inputs operands of the body's inputs, in their order */
  body(body: BodySpec, inputs: readonly Operand[]): PreparedBody;
}

export type OperatorImplementation = (
  operator: OperatorSpec,
  inputs: readonly (Operand | undefined)[],
  context: PrepareContext,
) => PreparedOperator;

const attribute = (
  operator: OperatorSpec,
  name: string,
): number | string | number[] | string[] | undefined =>
  operator.attributes && Object.hasOwn(operator.attributes, name) ? operator.attributes[name] : undefined;

export function numberAttribute(operator: OperatorSpec, name: string, fallback: number): number {
  const value = attribute(operator, name);
  return typeof value === 'number' ? value : fallback;
}
export function textAttribute(operator: OperatorSpec, name: string, fallback: string): string {
  const value = attribute(operator, name);
  return typeof value === 'string' ? value : fallback;
}
export function numberListAttribute(operator: OperatorSpec, name: string): number[] | undefined {
  const list = attribute(operator, name);
  return Array.isArray(list) && list.every((item) => typeof item === 'number') ? list : undefined;
}
export function textListAttribute(operator: OperatorSpec, name: string): string[] | undefined {
  const list = attribute(operator, name);
  return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
}
