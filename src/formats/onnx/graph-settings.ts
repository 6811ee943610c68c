import { z } from 'zod';

// The field `graph` of a model.json beside an ONNX file: settings that the file itself does not contain.

const value = z.string().min(1).max(256);

export const graphSettings = z.strictObject({
  /** The input that is the sequence and the output that answers; by default the only ones that can be. */
  input: value.optional(),
  output: value.optional(),
  /** Inputs that are set to constant numbers, for example a sampling rate. */
  set: z.record(value, z.union([z.number(), z.array(z.number()).max(4096)])).default({}),
  /** State inputs, and the output with each one's next value; by default followed through the graph. */
  states: z.record(value, value).optional(),
  /** Shapes of inputs whose sizes the file leaves open; −1 is the axis of the steps. */
  shapes: z
    .record(
      value,
      z
        .array(
          z
            .int()
            .min(-1)
            .max(2 ** 24),
        )
        .max(8),
    )
    .default({}),
  /**
   * How many preceding numbers of the input are prepended to a step: the frames of an audio model overlap.
   */
  context: z.int().min(0).max(65_536).default(0),
  /**
   * step: run once per step with states carried over. sequence: run once over all steps. Default: step when
   * there are states.
   */
  runs: z.enum(['step', 'sequence']).optional(),
});
export type GraphSettings = z.infer<typeof graphSettings>;
