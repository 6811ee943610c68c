import { z } from 'zod';

export const modelSummary = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: z.int().describe('Seconds since 1970'),
    owned_by: z.literal('unroll'),
    task: z.string().nullable(),
    version: z
      .int()
      .nullable()
      .describe('The version that `id` refers to; null for what is not in the folder of a version'),
    versions: z.array(z.int()),
    ready: z.boolean(),
    error: z.string().nullable().describe('Why it is not ready'),
    tensors: z
      .enum(['graph', 'layers'])
      .nullable()
      .describe('What runs requests of /v2: the graph of its file as it is, or its layers, batched by step'),
    no_sequence_view: z
      .string()
      .nullable()
      .describe('Why only /v2 serves it; null where the tasks of /v1 do, too'),
  })
  .meta({ id: 'Model' });

export const modelList = z
  .object({ object: z.literal('list'), data: z.array(modelSummary) })
  .meta({ id: 'ModelList' });

export const modelDetails = modelSummary
  .extend({
    version: z.int().describe('The version that `id` refers to'),
    description: z.string(),
    causal: z.boolean().nullable().describe('False where the whole sequence is read before the first output'),
    parameters: z.int().nullable(),
    weight_bytes: z.int().nullable(),
    state_floats: z.int().nullable().describe('float32 numbers in the state of one sequence'),
    layers: z.array(
      z.object({
        name: z.string(),
        type: z.string(),
        detail: z.string(),
        width: z.int(),
        parameters: z.int(),
      }),
    ),
    kernel: z.object({ path: z.enum(['plain', 'revectorised']), reason: z.string() }),
    inputs: z
      .object({
        kind: z.enum(['text', 'numeric']),
        vocabulary: z.string().optional(),
        size: z.int(),
        features: z.array(z.string()).optional(),
      })
      .nullable(),
    labels: z.array(z.string()).nullable(),
    decoding: z.record(z.string(), z.unknown()),
    example: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe("A body of the model's task: its author's, or one that is made of its inputs"),
    curl: z.string().nullable().describe('A command that sends the example'),
    provenance: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'ModelDetails' });
