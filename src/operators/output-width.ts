import { sizeOf } from './operand.ts';
import type { ProgramSpec } from '../network/layers/operator-graph/schema.ts';

/** Columns of a step that a program reads; what it remembers of the steps before comes with them, and is not counted. */
export const programWidth = ({ input }: ProgramSpec): number =>
  sizeOf(input.shape.filter((size) => size !== -1)) - input.context;
