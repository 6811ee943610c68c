import type { BodySpec, OperatorSpec } from './spec.ts';
import type { OperandContext, Operand } from './operand.ts';

/** An operator made ready for the shapes it reads. */
export interface PreparedOperator {
  readonly outputs: readonly Operand[];
  /** Fills the outputs from the inputs as they stand. Null where the outputs are the inputs' own numbers. */
  readonly run: (() => void) | null;
}

/** A body of operators made ready: its inputs are filled by whoever runs it. */
export interface PreparedBody {
  readonly outputs: readonly Operand[];
  readonly run: () => void;
}

/** y [rows, columns] = x [rows, inner] · W + b with a W that the kernel has packed. Both are dense, rows side by side. */
export type MatrixProduct = (x: Operand['values'], y: Operand['values'], rows: number) => void;

/** One direction of a recurrent operator whose weights the kernel has packed. */
export interface RecurrentSweep {
  readonly units: number;
  readonly hasCellState: boolean;
  /** x [steps, rows, in] → y [steps, rows, units]; h and c [rows, units] are read, and advanced. */
  run(
    x: Operand['values'],
    y: Operand['values'],
    h: Operand['values'],
    c: Operand['values'],
    steps: number,
    rows: number,
  ): void;
}

export interface PrepareContext extends OperandContext {
  /** Null where the operator's matrix is not constant, or there is no kernel (when folding, and in the reference). */
  product(operator: OperatorSpec): MatrixProduct | null;
  /** The directions of a recurrent operator. @throws UnrollError invalid_model where its weights are not constant */
  sweeps(operator: OperatorSpec, read: readonly (Operand | undefined)[]): readonly RecurrentSweep[];
  /** @param inputs what stands for the body's inputs, in their order */
  body(body: BodySpec, inputs: readonly Operand[]): PreparedBody;
}

export type OperatorImplementation = (
  operator: OperatorSpec,
  inputs: readonly (Operand | undefined)[],
  preparing: PrepareContext,
) => PreparedOperator;

const attribute = (
  operator: OperatorSpec,
  name: string,
): number | string | number[] | string[] | undefined =>
  operator.attributes && Object.hasOwn(operator.attributes, name) ? operator.attributes[name] : undefined;

export function numberAttribute(operator: OperatorSpec, name: string, otherwise: number): number {
  const one = attribute(operator, name);
  return typeof one === 'number' ? one : otherwise;
}
export function textAttribute(operator: OperatorSpec, name: string, otherwise: string): string {
  const one = attribute(operator, name);
  return typeof one === 'string' ? one : otherwise;
}
export function numberListAttribute(operator: OperatorSpec, name: string): number[] | undefined {
  const list = attribute(operator, name);
  return Array.isArray(list) && list.every((one) => typeof one === 'number') ? list : undefined;
}
export function textListAttribute(operator: OperatorSpec, name: string): string[] | undefined {
  const list = attribute(operator, name);
  return Array.isArray(list) && list.every((one) => typeof one === 'string') ? list : undefined;
}
