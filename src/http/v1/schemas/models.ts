import { z } from 'zod';
import { precisions } from '../../../kernel/precision.ts';
import { aliasPattern } from '../../../model-files.ts';

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
      .describe(
        'The version that `id` refers to; null for what is not in the folder of a version, and where the alias default points at none',
      ),
    versions: z.array(z.int()),
    aliases: z.record(z.string(), z.int()).describe('The version that each alias points at'),
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
    precision: z
      .enum(precisions)
      .nullable()
      .describe('Of the weights of recurrent and dense layers; null where the model runs on no sequences'),
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
    notes: z.array(z.string()).describe('What was found and decided when its file was imported'),
  })
  .meta({ id: 'ModelDetails' });

const alias = z
  .string()
  .regex(aliasPattern, 'must begin with a letter and have at most 64 of A–Z a–z 0–9 _ . -')
  .describe('`default`, to which the name alone refers, or any other');

export const modelName = z.object({ model: z.string().min(1).max(200).describe('The name alone') });
export const aliasParameter = modelName.extend({ alias });
export const versionParameter = modelName.extend({ version: z.coerce.number().int().min(1) });

export const aliasBody = z.strictObject({
  version: z.int().min(1).describe('A version that is ready'),
});
export const aliasView = z
  .object({
    object: z.literal('model.alias'),
    model: z.string(),
    alias: z.string(),
    version: z.int().nullable().describe('The version that it points at; null after it was deleted'),
    set: z
      .boolean()
      .describe('False for default until it is set: it is then the highest version that is ready'),
    ready: z.boolean().describe('Whether that version is loaded on this server'),
  })
  .meta({ id: 'ModelAlias' });
export const changedAlias = aliasView
  .extend({ previous: z.int().nullable().describe('The version before, with which the change is undone') })
  .meta({ id: 'ChangedModelAlias' });
export const aliasList = z.object({ object: z.literal('list'), data: z.array(aliasView) });
export const deleted = z.object({ id: z.string(), deleted: z.literal(true) }).meta({ id: 'Deleted' });
