import type { OperandKind } from './number-kinds.ts';
import type { Operand } from './operand.ts';
import type { OperatorSpec } from './spec.ts';

// The signature of an operator graph: the inputs and outputs of the file that it was read from.

/** Element types of a graph's inputs and outputs, under the names of the Open Inference Protocol. */
export const tensorDatatypes = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'FP32',
  'FP64',
] as const;
export type TensorDatatype = (typeof tensorDatatypes)[number];

/** A fixed size, the name of one that is not, or null for one that is not fixed and has no name. */
export type Dimension = number | string | null;

/** An input or output as the file declares it. */
export interface SignatureTensor {
  /** In the file, as callers write it. */
  readonly name: string;
  /** In the graph's operators, where names are unique and have fewer characters to choose from. */
  readonly value: string;
  readonly datatype: TensorDatatype;
  /** Null where the file does not say even how many dimensions there are. */
  readonly shape: readonly Dimension[] | null;
}

export interface GraphSignature {
  /** In the file's order, as are the outputs. */
  readonly inputs: readonly SignatureTensor[];
  readonly outputs: readonly SignatureTensor[];
}

/**
 * A graph as its file has it: what every reader of a file with a graph gives, what is served over tensors, and
 * what analysis starts from.
 */
export interface SignedGraph {
  readonly signature: GraphSignature;
  /** In an order in which every value is computed before it is read. */
  readonly operators: readonly OperatorSpec[];
  /** Constants that the operators or outputs read, by value name. */
  readonly constants: ReadonlyMap<string, Operand>;
}

const operandKinds: Partial<Record<TensorDatatype, OperandKind>> = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'int',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int',
  FP64: 'double',
};
/** How operands hold the elements of a datatype. */
export const operandKind = (datatype: TensorDatatype): OperandKind => operandKinds[datatype] ?? 'float';
