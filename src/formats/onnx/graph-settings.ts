import { z } from 'zod';

// `graph` in a model.json beside an ONNX file: what the file does not say of itself.

const value = z.string().min(1).max(256);

export const graphSettings = z.strictObject({
  /** The input that a step or a sequence is fed to, and the output that answers; by default the first ones that are no state. */
  input: value.optional(),
  output: value.optional(),
  /** Inputs that are numbers rather than what is fed: a sampling rate. */
  set: z.record(value, z.union([z.number(), z.array(z.number()).max(4096)])).default({}),
  /** State inputs, and the output each of them is at the next step; by default those that fit each other. */
  states: z.record(value, value).optional(),
  /** Shapes of inputs, where the file leaves sizes open; −1 is the sequence's steps. */
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
  /** So many numbers of the input before a step come before it: the frames of an audio model overlap. */
  context: z.int().min(0).max(65_536).default(0),
  /** step: at every step, states carried. sequence: once over all steps. By default step where there are states. */
  runs: z.enum(['step', 'sequence']).optional(),
});
export type GraphSettings = z.infer<typeof graphSettings>;
