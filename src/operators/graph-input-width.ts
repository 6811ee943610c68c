import { elementCount } from './operand.ts';
import type { OperatorGraph } from './spec.ts';

/** Columns of a step that a graph reads, without its context: the numbers kept from the steps before. */
export const graphInputWidth = ({ input }: OperatorGraph): number =>
  elementCount(input.shape.filter((size) => size !== -1)) - input.context;
