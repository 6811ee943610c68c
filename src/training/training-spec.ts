import { z } from 'zod';
import { withMaxSize, stringList } from '../bounded-schema.ts';
import { modelNamePattern } from '../model-files.ts';
import { inferenceOnly, whyInferenceOnly } from '../network/layers/learn-registry.ts';
import { layerTypes, type LayerType } from '../network/layers/registry.ts';
import { lossSpec } from './optimise/loss.ts';
import { optimiserSpec } from './optimise/optimiser.ts';
import { scheduleSpec } from './optimise/schedule.ts';

// What a training run is asked for: the body of POST /v1/training/jobs, the file of `unroll train`.

const modelName = z.string().regex(modelNamePattern);
/** A layer as model.json has it; `vocabulary` of an embedding and `units` of the last layer come from the data. */
const layerDraft = z
  .looseObject({ type: z.enum(layerTypes) })
  .refine((layer) => whyInferenceOnly(layer) === null, {
    error: ({ input }) => `${whyInferenceOnly(input as { type: LayerType })} ${inferenceOnly}`,
  });
const layers = withMaxSize(256, z.array(layerDraft).min(1).max(256));

const textDraft = z.strictObject({
  kind: z.literal('text').default('text'),
  vocabulary: z.enum(['characters', 'words']).default('characters'),
  /** Given, or built from the data: every token seen at least `min_count` times, the `max_tokens` most frequent of them. */
  tokens: stringList(1_000_000).optional(),
  min_count: z.int().min(1).default(1),
  max_tokens: z.int().min(2).max(1_000_000).default(50_000),
  lowercase: z.boolean().default(false),
  normalize: z.enum(['none', 'NFC', 'NFKC']).default('NFC'),
  /** words only: ids of a word's first and last characters beside its own (model.json, inputs.characters). */
  characters: z.strictObject({ prefix: z.int().min(0).max(16), suffix: z.int().min(0).max(16) }).optional(),
});
const numericDraft = z.strictObject({
  kind: z.literal('numeric'),
  /** Names of the features; by default the CSV's columns, or value_0, value_1 … Mean and scale come from the data. */
  features: stringList(8192).optional(),
});

const dataReference = z.union([
  z.strictObject({ dataset: z.string().min(1).max(64) }),
  z.strictObject({ records: withMaxSize(10_000, z.array(z.looseObject({})).min(1).max(10_000)) }),
]);

const hyperparameters = z.strictObject({
  batch_size: z.int().min(1).max(4096).default(32),
  learning_rate: z.number().positive().max(1000).default(0.001),
  optimizer: optimiserSpec.prefault({ type: 'adam' }),
  schedule: scheduleSpec.prefault({ type: 'constant' }),
  /** Gradients longer than `norm` altogether are shortened to it; each is then held within ± `value`. */
  clip: z
    .strictObject({ norm: z.number().positive().optional(), value: z.number().positive().optional() })
    .prefault({ norm: 1 }),
  /** By default what fits the task: softmax_cross_entropy, sigmoid_cross_entropy or mean_squared. */
  loss: lossSpec.optional(),
  /** classify, tag: how much each label counts; `balanced` weighs them by how rare they are. */
  class_weights: z.union([z.literal('balanced'), z.record(z.string(), z.number().min(0))]).optional(),
  /** Backpropagation through `k2` steps every `k1` steps of long sequences, state carried; whole sequences without it. */
  truncate: z.strictObject({ k1: z.int().min(1).max(8192), k2: z.int().min(1).max(8192) }).optional(),
  /** decode: share of the decoder's inputs that are what it would have written itself, reached linearly by the end. */
  scheduled_sampling: z.number().min(0).max(1).default(0),
  /** Gradients are computed in so many parts, summed in their order; the threads that share them change no bit. */
  shards: z.int().min(1).max(16).default(1),
  /** classify and predict with one target: judged at the end, or at every step by what the whole sequence should answer. */
  loss_at: z.enum(['end', 'every_step']).default('end'),
  /** Sequences longer than this are left out of the training data, and counted. */
  max_steps: z.int().min(1).max(65_536).default(1024),
  /** Steps between measurements on the validation data; once an epoch without it. */
  evaluate_every: z.int().min(1).optional(),
  /** Steps between checkpoints besides those at measurements. */
  checkpoint_every: z.int().min(1).optional(),
  /** Stops after so many measurements without a better one. The best weights are published either way. */
  early_stopping: z.strictObject({ patience: z.int().min(1).max(10_000) }).optional(),
  /** Steps between reports of gradient flow; 0 is never. */
  gradient_flow_every: z.int().min(0).default(0),
  /** Scale of the embeddings' first values, uniform in ± it. */
  embedding_scale: z.number().positive().default(0.1),
  /** Matrices before relu start as He et al. 2015 have it, all others as Glorot and Bengio 2010. */
  initialisation: z.enum(['glorot', 'he']).default('glorot'),
});

export const trainingSpec = z.strictObject({
  /** Name of the model it makes. */
  model: modelName,
  description: z.string().max(2000).default(''),
  task: z.enum(['classify', 'tag', 'decode', 'generate', 'predict']),
  /** Goes on from an existing model's weights, network and vocabulary instead. */
  base: z.string().min(1).max(200).optional(),
  /** Layers whose weights stay as they are, by name. */
  frozen: withMaxSize(256, z.array(z.string().min(1).max(200)).max(256)).default([]),
  network: z
    .strictObject({
      layers,
      encoder: z.strictObject({ layers }).optional(),
      bridge: z.enum(['none', 'copy', 'dense']).optional(),
    })
    .optional(),
  inputs: z.discriminatedUnion('kind', [textDraft, numericDraft]).optional(),
  outputs: z
    .strictObject({
      /** classify, tag: given, or those of the data. */
      labels: stringList(262_144).optional(),
      multi_label: z.boolean().default(false),
      /** decode: how targets become tokens. */
      vocabulary: textDraft.optional(),
      /** predict: names of what is predicted. */
      units: stringList(8192).optional(),
    })
    .prefault({}),
  /** Defaults of decoding, into model.json. */
  decoding: z.record(z.string(), z.unknown()).optional(),
  data: dataReference,
  /** predict from a CSV whose rows are steps in time: `window` of them are read, the next `horizon` targets answered. */
  series: z
    .strictObject({
      inputs: stringList(256).optional(),
      targets: stringList(64).optional(),
      window: z.int().min(1).max(8192),
      horizon: z.int().min(1).max(1024),
      stride: z.int().min(1).max(8192).default(1),
      /** Answers after every step of the window, not only after the last. */
      every_step: z.boolean().default(false),
    })
    .optional(),
  /** Other data to measure on, or a share of the data, drawn by the seed (of a plain text: its end). */
  validation: z
    .union([dataReference, z.strictObject({ share: z.number().min(0).max(0.9) })])
    .prefault({ share: 0.1 }),
  hyperparameters: hyperparameters.prefault({}),
  /** Training ends with whichever comes first. Schedules run over epochs or steps. */
  budget: z
    .strictObject({
      epochs: z.number().positive().max(100_000).optional(),
      steps: z.int().min(1).max(1_000_000_000).optional(),
      minutes: z.number().positive().max(100_000).optional(),
    })
    .refine((budget) => budget.epochs !== undefined || budget.steps !== undefined, 'needs epochs or steps')
    .prefault({ epochs: 10 }),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  /** Into model.json beside what the job notes itself: source and licence of the data, say. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

export type TrainingSpec = z.infer<typeof trainingSpec>;
