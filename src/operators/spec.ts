import { z } from 'zod';
import { float64Kinds } from './number-kinds.ts';

// An operator graph: what an imported network computes at a step, or over a sequence, where it cannot be
// expressed as layers. A list of ONNX's operators (https://onnx.ai/onnx/operators/, newest version of each),
// run in order.

const value = z.string().min(1).max(256);
/** '' where an optional input or output of an operator is absent. */
const optionalValue = z.string().max(256);

const attribute = z.union([
  z.number(),
  z.string().max(256),
  z.array(z.number()).max(4096),
  z.array(z.string().max(64)).max(64),
]);

export interface OperatorSpec {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number | string | number[] | string[]>> | undefined;
  /** If: then_branch, else_branch. Loop, Scan: body. They may read every value of the enclosing scopes. */
  readonly bodies?:
    { readonly [body in 'then_branch' | 'else_branch' | 'body']?: BodySpec | undefined } | undefined;
}
export interface BodySpec {
  readonly inputs: readonly string[];
  readonly operators: readonly OperatorSpec[];
  readonly outputs: readonly string[];
}

/** Operators of one graph or body: a limit on what reading a file may cost. */
const maxOperators = 20_000;

const operatorSpec: z.ZodType<OperatorSpec> = z.strictObject({
  operator: z.string().regex(/^[A-Za-z0-9.]{1,64}$/),
  inputs: z.array(optionalValue).max(256),
  outputs: z
    .array(optionalValue)
    .max(256)
    .refine((names) => names.some((name) => name !== ''), 'an operator must have an output'),
  attributes: z.record(z.string().max(64), attribute).optional(),
  bodies: z
    .strictObject({
      then_branch: z.lazy(() => bodySpec).optional(),
      else_branch: z.lazy(() => bodySpec).optional(),
      body: z.lazy(() => bodySpec).optional(),
    })
    .optional(),
});
const bodySpec: z.ZodType<BodySpec> = z.strictObject({
  inputs: z.array(value).max(256),
  operators: z.array(operatorSpec).max(maxOperators),
  outputs: z.array(value).max(256),
});

const sizes = z
  .array(
    z
      .int()
      .min(0)
      .max(2 ** 29),
  )
  .max(8);

/** A constant of integers or booleans. Constants of floats are tensors `<layer>.<name>`. */
const wholeConstant = z.strictObject({
  kind: z.enum(float64Kinds),
  shape: sizes,
  values: z.array(z.number()).max(100_000),
});

export const operatorGraphFields = {
  /** step: run at every step, with states carried from step to step. sequence: run once, over all steps. */
  runs: z.enum(['step', 'sequence']),
  /**
   * The value for a step's row, or for all rows, and its shape; −1 is the number of steps. With `vocabulary`
   * it is ids.
   */
  input: z.strictObject({
    value,
    shape: z
      .array(
        z
          .int()
          .min(-1)
          .max(2 ** 24),
      )
      .max(8),
    vocabulary: z.int().min(1).max(1_000_000).optional(),
    /** runs sequence: the only number of steps the graph accepts. */
    steps: z
      .int()
      .min(1)
      .max(2 ** 24)
      .optional(),
    /**
     * runs step: how many of the latest input numbers precede a step's row, zeros at the start. Part of the
     * state.
     */
    context: z.int().min(0).max(65_536).default(0),
  }),
  /** The value that is the output: columns of each step, of every so many steps, or of the whole sequence. */
  output: z.strictObject({
    value,
    gives: z.enum(['step', 'rows', 'sequence']),
    /** gives rows: T steps have ⌊(T + offset) / stride⌋ rows. */
    every: z
      .strictObject({ stride: z.int().min(1).max(64), offset: z.int().min(-65_536).max(126) })
      .optional(),
    /** gives sequence: the output is this many rows, whatever the sequence's length. */
    rows: z.int().min(2).max(262_144).optional(),
  }),
  units: z.int().min(1).max(262_144),
  /** runs step: values passed from a step to the next; at the start zeros, or the constant `start`. */
  states: z
    .array(z.strictObject({ input: value, output: value, shape: sizes, start: value.optional() }))
    .max(64)
    .default([]),
  wholeConstants: z.record(value, wholeConstant).default({}),
  /** Shapes of the constants that are tensors. */
  constants: z.record(value, sizes).default({}),
  operators: z.array(operatorSpec).max(maxOperators),
};

/** A graph of operators with its constants' shapes; the numbers of its tensors are kept beside it. */
export type OperatorGraph = z.infer<z.ZodObject<typeof operatorGraphFields>>;
