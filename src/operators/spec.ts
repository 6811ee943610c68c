import { z } from 'zod';

// A program: what a network of others does at a step, or over a sequence, where it is no stack of our layers. A list of operators in
// the words of ONNX (https://onnx.ai/onnx/operators/), in its newest meaning, which the kernel runs one after the other.

const value = z.string().min(1).max(256);
/** '' where an operator's optional input or output is left out. */
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
  /** If: then_branch, else_branch. Loop, Scan: body. They may read every value around them. */
  readonly bodies?:
    { readonly [body in 'then_branch' | 'else_branch' | 'body']?: BodySpec | undefined } | undefined;
}
export interface BodySpec {
  readonly inputs: readonly string[];
  readonly operators: readonly OperatorSpec[];
  readonly outputs: readonly string[];
}

/** Limits on a program, so that reading one ends. */
const mostOperators = 20_000;

const operatorSpec: z.ZodType<OperatorSpec> = z.strictObject({
  operator: z.string().regex(/^[A-Za-z0-9]{1,48}$/),
  inputs: z.array(optionalValue).max(256),
  outputs: z
    .array(optionalValue)
    .max(256)
    .refine((names) => names.some((name) => name !== ''), 'an operator gives something'),
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
  operators: z.array(operatorSpec).max(mostOperators),
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

/** Whole numbers and truth values that operators read. Numbers of other constants are tensors `<layer>.<name>`. */
const wholeConstant = z.strictObject({
  kind: z.enum(['int', 'bool']),
  shape: sizes,
  values: z.array(z.number()).max(100_000),
});

export const operatorGraphFields = {
  /** step: at every step, its states carried on. sequence: once, over all steps. */
  runs: z.enum(['step', 'sequence']),
  /**
   * The value that holds a step's row, or all rows, and its shape; −1 is the sequence's steps. Ids, where its numbers are
   * whole: as many as `vocabulary`.
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
    /** runs sequence: so many steps, and no others. */
    steps: z
      .int()
      .min(1)
      .max(2 ** 24)
      .optional(),
    /** runs step: so many of the numbers before a step's row come before it, zeros at the start. They are part of the state. */
    context: z.int().min(0).max(65_536).default(0),
  }),
  /** The value that is the answer: columns a step, or of the whole sequence. */
  output: z.strictObject({
    value,
    gives: z.enum(['step', 'sequence']),
    /** gives sequence: its numbers are so many rows, one after the other, whatever the sequence's length. */
    rows: z.int().min(2).max(262_144).optional(),
  }),
  units: z.int().min(1).max(262_144),
  /** runs step: values that a step hands to the next one; at the start zeros, or the constant `start`. */
  states: z
    .array(z.strictObject({ input: value, output: value, shape: sizes, start: value.optional() }))
    .max(64)
    .default([]),
  wholeConstants: z.record(value, wholeConstant).default({}),
  /** Shapes of the constants that are tensors. */
  constants: z.record(value, sizes).default({}),
  operators: z.array(operatorSpec).max(mostOperators),
};

/** A graph of operators with its constants' shapes; the numbers of its tensors are kept beside it. */
export type OperatorGraph = z.infer<z.ZodObject<typeof operatorGraphFields>>;
