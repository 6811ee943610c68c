import type { OperatorGraph } from './spec.ts';

/** Rows of a graph's output for T steps: ⌊(T + offset) / stride⌋, with an offset below 2 · stride − 1. */
export interface RowCount {
  readonly stride: number;
  readonly offset: number;
}

/** The number of rows for so many steps. */
export const countRows = ({ stride, offset }: RowCount, steps: number): number =>
  Math.max(0, Math.floor((steps + offset) / stride));

/** The row that is complete with a step, −1 where none is. A row that needs no step comes with the first. */
export function rowOfStep({ stride, offset }: RowCount, step: number): number {
  if (step === 0 && offset >= stride) return 0;
  return (step + 1 + offset) % stride === 0 ? (step + 1 + offset) / stride - 1 : -1;
}

/** The row of a graph's answer that belongs to a step of a sequence; −1 where none does. */
export function answerOfStep({ gives, every }: OperatorGraph['output'], step: number, steps: number): number {
  if (gives === 'sequence') return step === steps - 1 ? 0 : -1;
  return gives === 'rows' ? rowOfStep(every!, step) : step;
}

/** The rows of a graph's answer. */
export function countAnswers({ gives, every }: OperatorGraph['output'], steps: number): number {
  if (gives === 'sequence') return 1;
  return gives === 'rows' ? countRows(every!, steps) : steps;
}
