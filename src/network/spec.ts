import { z } from 'zod';
import { decodingDefaults } from './decoding-fields.ts';

// model.json, schema 1. Shapes and names of the tensors each layer needs are in weights.ts.

const units = z.int().min(1).max(8192);
const name = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const inputs = z.array(name).min(1).max(16);
const placed = { name: name.optional(), inputs: inputs.optional() };

const embedding = z.strictObject({
  type: z.literal('embedding'),
  ...placed,
  vocabulary: z.int().min(1).max(1_000_000),
  units,
});
const recurrent = z.strictObject({
  type: z.literal('recurrent'),
  ...placed,
  cell: z.enum(['rnn', 'lstm', 'gru']),
  units,
  /** Plain RNN only. */
  activation: z.enum(['tanh', 'relu']).default('tanh'),
  /** GRU only: the reset gate applied before the recurrent product (Cho et al. 2014) or after it (cuDNN, PyTorch). */
  reset: z.enum(['before', 'after']).default('after'),
  layers: z.int().min(1).max(16).default(1),
  bidirectional: z.boolean().default(false),
  merge: z.enum(['concat', 'sum', 'mul', 'ave']).default('concat'),
});
const dense = z.strictObject({
  type: z.literal('dense'),
  ...placed,
  units: z.int().min(1).max(262_144),
  activation: z.enum(['linear', 'relu', 'tanh', 'sigmoid', 'softmax']).default('linear'),
});
const pool = z.strictObject({ type: z.literal('pool'), ...placed, mode: z.enum(['last', 'mean', 'max']) });
const dropout = z.strictObject({ type: z.literal('dropout'), ...placed, rate: z.number().min(0).max(1) });
const concat = z.strictObject({ type: z.literal('concat'), ...placed, inputs });
const add = z.strictObject({ type: z.literal('add'), ...placed, inputs });

export const layerSpec = z.discriminatedUnion('type', [
  embedding,
  recurrent,
  dense,
  pool,
  dropout,
  concat,
  add,
]);

/** The layers in order. A layer's `inputs` default to the layer before it; the first reads `input`; the last is the output. */
export const networkSpec = z.strictObject({ layers: z.array(layerSpec).min(1).max(256) });

const textInput = z.strictObject({
  kind: z.literal('text'),
  /** `characters`: one step a Unicode code point. `words`: one step a word or punctuation mark. */
  vocabulary: z.enum(['characters', 'words']),
  /** Token of each id, in order of ids. */
  tokens: z
    .array(
      z
        .string()
        .min(1)
        .refine((token) => token.isWellFormed(), 'must not hold half a character'),
    )
    .min(1)
    .max(1_000_000),
  /** Id that tokens outside the vocabulary become. */
  unknown: z.int().min(0).optional(),
  lowercase: z.boolean().default(false),
  normalize: z.enum(['none', 'NFC', 'NFKC']).default('NFC'),
  /** Id fed before the first token when generating; its output predicts the first token. */
  start: z.int().min(0).optional(),
  /** Id that ends a generation. */
  end: z.int().min(0).optional(),
});
const numericInput = z.strictObject({
  kind: z.literal('numeric'),
  /** Each value enters the network as (value − mean) / scale. */
  features: z
    .array(
      z.strictObject({
        name: z.string(),
        mean: z.number().default(0),
        scale: z.number().positive().default(1),
      }),
    )
    .min(1)
    .max(8192),
});

export const modelSpec = z.strictObject({
  schema: z.literal(1),
  name,
  task: z.enum(['classify', 'tag', 'generate', 'predict']),
  description: z.string().max(2000).default(''),
  inputs: z.discriminatedUnion('kind', [textInput, numericInput]),
  network: networkSpec,
  outputs: z
    .strictObject({
      /** Class of each output unit (classify, tag). */
      labels: z.array(z.string().min(1)).optional(),
      /** Many labels may hold at once: the output is a sigmoid a label, not one softmax. */
      multiLabel: z.boolean().default(false),
      /** predict: an output leaves as value · scale + mean. */
      units: z
        .array(
          z.strictObject({
            name: z.string(),
            mean: z.number().default(0),
            scale: z.number().positive().default(1),
          }),
        )
        .optional(),
    })
    .prefault({}),
  /** Defaults of `generate` for this model. */
  decoding: decodingDefaults.prefault({}),
  /** Where the weights come from: data, licence, script, seed, held-out figures. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

export type LayerSpec = z.infer<typeof layerSpec>;
export type NetworkSpec = z.infer<typeof networkSpec>;
export type ModelSpec = z.infer<typeof modelSpec>;
export type RecurrentSpec = Extract<LayerSpec, { type: 'recurrent' }>;
export type TextInput = Extract<ModelSpec['inputs'], { kind: 'text' }>;
export type NumericInput = Extract<ModelSpec['inputs'], { kind: 'numeric' }>;
