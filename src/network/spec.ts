import { z } from 'zod';
import { decodingDefaults } from './decoding-fields.ts';
import { modelNamePattern } from '../model-files.ts';
import { layers as layerKinds, layerTypes, type LayerKinds, type LayerType } from './layers/registry.ts';
import { weightSource } from './weight-source.ts';

// model.json, schema 1. The fields of each layer are in its folder (layers/), with the shapes and names of
// its tensors.

type LayerSchema = LayerKinds[LayerType]['schema'];

export const layerSpec = z.discriminatedUnion(
  'type',
  layerTypes.map((type): LayerSchema => layerKinds[type].schema) as [LayerSchema, ...LayerSchema[]],
);

const layerList = z.array(layerSpec).min(1).max(256);

/**
 * The layers in order. A layer's `inputs` default to the layer before it; the first reads `input`; the last
 * is the output.
 */
const layers = z.preprocess(replaceOldType, layerList);

/**
 * Reads `program`, the old name of the type `operator_graph`. A layer without a name is named after its type,
 * and its tensors after that: one of the old type keeps that name.
 */
function replaceOldType(list: z.input<typeof layerList>): z.input<typeof layerList> {
  if (!Array.isArray(list)) return list;
  return list.map((layer: { readonly type?: unknown } | null, index) =>
    layer?.type === 'program' ? { name: `program_${index}`, ...layer, type: 'operator_graph' } : layer,
  ) as z.input<typeof layerList>;
}

export const networkSpec = z.strictObject({
  layers,
  /**
   * Reads the whole source first; `layers` are then the decoder, which attends to the encoder's last layer.
   */
  encoder: z.strictObject({ layers }).optional(),
  /**
   * How the encoder's last state becomes the decoder's first: not at all, copied, or through a dense tanh
   * layer for each state.
   */
  bridge: z.enum(['none', 'copy', 'dense']).default('dense'),
});

const textInput = z.strictObject({
  kind: z.literal('text'),
  /**
   * `characters`: one step a Unicode code point. `words`: one step a word or punctuation mark. `whitespace`:
   * one step whatever stands between ASCII white space.
   */
  vocabulary: z.enum(['characters', 'words', 'whitespace']),
  /** Token of each id, in order of ids. That of id 0 may be empty: no text has it, it is padding. */
  tokens: z
    .array(z.string().refine((token) => token.isWellFormed(), 'must not contain half a character'))
    .min(1)
    .max(1_000_000),
  /** Id that tokens outside the vocabulary become. */
  unknown: z.int().min(0).optional(),
  /** `ascii`: A to Z only. */
  lowercase: z.union([z.boolean(), z.literal('ascii')]).default(false),
  /** Removes ASCII punctuation, before the text is split. */
  stripPunctuation: z.boolean().optional(),
  /** Steps of every text: more are cut off, fewer are filled up with id 0. */
  length: z.int().min(1).max(65_536).optional(),
  normalize: z.enum(['none', 'NFC', 'NFKC']).default('NFC'),
  /** Id fed before the first token when generating; its output predicts the first token. */
  start: z.int().min(0).optional(),
  /** Id that ends a generation. */
  end: z.int().min(0).optional(),
  /**
   * words only: a step has more ids than its word's, those of its first `prefix` and its last `suffix`
   * characters. Id 0 is no character, 1 an unknown one, i + 2 is tokens[i]. Characters are those before
   * lowercasing.
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

const maxExampleCharacters = 65_536;

export const modelSpec = z.strictObject({
  schema: z.literal(1),
  name: z.string().regex(modelNamePattern),
  task: z.enum(['classify', 'tag', 'decode', 'generate', 'predict']),
  description: z.string().max(2000).default(''),
  inputs: z.discriminatedUnion('kind', [textInput, numericInput]),
  /** Steps that are padding are left out: those of this id, or of which every value is this number. */
  padding: z.number().optional(),
  /** Whether the library that it was made with keeps its state from one sequence to the next. */
  stateful: z.boolean().optional(),
  network: networkSpec,
  outputs: z
    .strictObject({
      /** Class of each output unit (classify, tag). */
      labels: z.array(z.string().min(1)).optional(),
      /** Several labels may apply at once: the output is a sigmoid for each label, not one softmax. */
      multiLabel: z.boolean().default(false),
      /** decode: the output vocabulary; a sequence starts with the `start` id and ends at the `end` id. */
      vocabulary: textInput.optional(),
      /** predict: an output is returned as value · scale + mean. */
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
  /** The source of imported weights; by default `weights.safetensors` with the network's own names. */
  weights: weightSource.optional(),
  /**
   * Names of the input (ids if it is text) and the output in the inference protocol, instead of the default
   * ones.
   */
  tensors: z.strictObject({ input: tensorName.optional(), output: tensorName.optional() }).optional(),
  /** Of sessions with this model: seconds without a call after which they expire. */
  sessions: z.strictObject({ ttl_s: z.int().min(1).max(2_592_000).optional() }).optional(),
  /** Defaults of `generate` for this model. */
  decoding: decodingDefaults.prefault({}),
  /** A body of the model's task: in the API's document, and in the commands that the server shows. */
  example: z
    .record(z.string(), z.unknown())
    .refine(
      (example) => JSON.stringify(example).length <= maxExampleCharacters,
      `must have at most ${maxExampleCharacters} characters as JSON`,
    )
    .optional(),
  /** Origin of the weights: data, licence, script, seed, held-out figures. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

export type NetworkSpec = z.infer<typeof networkSpec>;
export type ModelSpec = z.infer<typeof modelSpec>;
export type TextInput = Extract<ModelSpec['inputs'], { kind: 'text' }>;
export type NumericInput = Extract<ModelSpec['inputs'], { kind: 'numeric' }>;
