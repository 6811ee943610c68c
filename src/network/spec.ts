import { z } from 'zod';
import { maxUnits, recurrentFields } from '../cells/recurrent-fields.ts';
import { decodingDefaults } from './decoding-fields.ts';
import { operatorGraphFields } from '../operators/spec.ts';
import { modelNamePattern } from '../model-files.ts';
import { weightSource } from './weight-source.ts';

// model.json, schema 1. Shapes and names of the tensors that each layer needs are in check-weights.ts and graph.ts.

const units = z.int().min(1).max(maxUnits);
const name = z.string().regex(modelNamePattern);
const inputs = z.array(name).min(1).max(16);
const placed = { name: name.optional(), inputs: inputs.optional() };

const embedding = z.strictObject({
  type: z.literal('embedding'),
  ...placed,
  vocabulary: z.int().min(1).max(1_000_000),
  units,
  /** Where a step has several ids: those it looks up, side by side, in the one table. */
  columns: z.strictObject({ first: z.int().min(0).max(63), count: z.int().min(1).max(64) }).optional(),
});
const recurrent = z.strictObject({
  type: z.literal('recurrent'),
  ...placed,
  ...recurrentFields,
});
const dense = z.strictObject({
  type: z.literal('dense'),
  ...placed,
  units: z.int().min(1).max(262_144),
  activation: z.enum(['linear', 'relu', 'tanh', 'sigmoid', 'softmax']).default('linear'),
});
/** A window of steps through one matrix, [units, in, kernel] as PyTorch has it. */
const conv1d = z.strictObject({
  type: z.literal('conv1d'),
  ...placed,
  units,
  kernel: z.int().min(1).max(128),
  dilation: z.int().min(1).max(1024).default(1),
  /** causal: a window ends at its step, and the state keeps what it looks back at. same: it is centred, and so reads ahead. */
  padding: z.enum(['causal', 'same']).default('causal'),
  activation: z.enum(['linear', 'relu', 'tanh', 'sigmoid']).default('linear'),
});
const pool = z.strictObject({
  type: z.literal('pool'),
  ...placed,
  /** attention: the steps so far, weighed by a softmax of x·w with one weight a column. */
  mode: z.enum(['last', 'mean', 'max', 'attention']),
});
const dropout = z.strictObject({
  type: z.literal('dropout'),
  ...placed,
  rate: z.number().min(0).max(1),
  /** Training only: whether a sequence loses the same units at every step, or others at each. */
  steps: z.enum(['same', 'each']).default('same'),
});
const layerNorm = z.strictObject({
  type: z.literal('layer_norm'),
  ...placed,
  epsilon: z.number().positive().default(1e-5),
});
/** What the encoder read, weighed by how well each of its steps fits the layer's input. Only beside an encoder. */
const attention = z.strictObject({
  type: z.literal('attention'),
  ...placed,
  /** dot: q·m; general: q·(W m) (Luong et al. 2015); additive: v·tanh(W q + U m + b) (Bahdanau et al. 2015). */
  score: z.enum(['dot', 'general', 'additive']),
  /** additive only: rows of W and U. */
  units: units.default(128),
});
/** Labels of a sequence answer together: a label's score depends on the one before it. Only as the last layer of `tag`. */
const crf = z.strictObject({ type: z.literal('crf'), ...placed });
const concat = z.strictObject({ type: z.literal('concat'), ...placed, inputs });
const add = z.strictObject({ type: z.literal('add'), ...placed, inputs });
/** A network of others that is no stack of layers, or a part of one. Its tensors are its constants. */
const program = z.strictObject({ type: z.literal('program'), ...placed, ...operatorGraphFields });
const multiply = z.strictObject({ type: z.literal('multiply'), ...placed, inputs });

export const layerSpec = z.discriminatedUnion('type', [
  embedding,
  recurrent,
  dense,
  conv1d,
  pool,
  dropout,
  layerNorm,
  attention,
  crf,
  concat,
  add,
  program,
  multiply,
]);

/** The layers in order. A layer's `inputs` default to the layer before it; the first reads `input`; the last is the output. */
const layers = z.array(layerSpec).min(1).max(256);

export const networkSpec = z.strictObject({
  layers,
  /** Many-to-many delayed: reads the whole source first; `layers` are then the decoder. Its last layer is what attention sees. */
  encoder: z.strictObject({ layers }).optional(),
  /** How the encoder's last state becomes the decoder's first: not at all, as it is, or through a dense tanh layer each. */
  bridge: z.enum(['none', 'copy', 'dense']).default('dense'),
});

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
  /**
   * words only: a step has more ids than its word's, those of its first `prefix` and its last `suffix` characters. Id 0 is
   * no character, 1 an unknown one, i + 2 is tokens[i]. Characters are taken before a word is lowered.
   */
  characters: z
    .strictObject({
      tokens: z.array(z.string().min(1).max(8)).max(100_000),
      prefix: z.int().min(0).max(16),
      suffix: z.int().min(0).max(16),
    })
    .optional(),
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

const tensorName = z.string().min(1).max(256);

export const modelSpec = z.strictObject({
  schema: z.literal(1),
  name,
  task: z.enum(['classify', 'tag', 'decode', 'generate', 'predict']),
  description: z.string().max(2000).default(''),
  inputs: z.discriminatedUnion('kind', [textInput, numericInput]),
  network: networkSpec,
  outputs: z
    .strictObject({
      /** Class of each output unit (classify, tag). */
      labels: z.array(z.string().min(1)).optional(),
      /** Many labels may hold at once: the output is a sigmoid a label, not one softmax. */
      multiLabel: z.boolean().default(false),
      /** decode: what the decoder writes; it starts with the `start` id and ends at the `end` id. */
      vocabulary: textInput.optional(),
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
  /** Where the weights come from when they are not ours: `weights.safetensors` with our names without it. */
  weights: weightSource.optional(),
  /** What the inference protocol calls its input (ids where it reads text) and output, in place of our own names for them. */
  tensors: z.strictObject({ input: tensorName.optional(), output: tensorName.optional() }).optional(),
  /** Defaults of `generate` for this model. */
  decoding: decodingDefaults.prefault({}),
  /** Where the weights come from: data, licence, script, seed, held-out figures. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

export type LayerSpec = z.infer<typeof layerSpec>;
export type NetworkSpec = z.infer<typeof networkSpec>;
export type ModelSpec = z.infer<typeof modelSpec>;
export type ProgramSpec = Extract<LayerSpec, { type: 'program' }>;
export type RecurrentSpec = Extract<LayerSpec, { type: 'recurrent' }>;
export type TextInput = Extract<ModelSpec['inputs'], { kind: 'text' }>;
export type NumericInput = Extract<ModelSpec['inputs'], { kind: 'numeric' }>;
