import { z } from 'zod';
import { withMaxSize, stringList } from '../bounded-schema.ts';
import { modelNamePattern } from '../model-files.ts';
import { inferenceOnly, whyInferenceOnly } from '../network/layers/learn-registry.ts';
import { layerTypes, type LayerType } from '../network/layers/registry.ts';
import { lossSpec } from './optimise/loss.ts';
import { optimiserSpec } from './optimise/optimiser.ts';
import { scheduleSpec } from './optimise/schedule.ts';

// Schema of a training job: the body of POST /v1/training/jobs and the file of `unroll train`.

/** Each may have 16 recurrent layers of its own; a comparison counts the parameters of all of them again and again. */
const maxLayers = 64;

export const publishPolicies = ['never', 'if_better', 'always'] as const;
export type PublishPolicy = (typeof publishPolicies)[number];

const modelName = z.string().regex(modelNamePattern);
/**
 * A layer of model.json. An embedding's `vocabulary` and the last layer's `units` default to those of the
 * data.
 */
const layerDraft = z
  .looseObject({ type: z.enum(layerTypes) })
  .refine((layer) => whyInferenceOnly(layer) === null, {
    error: ({ input }) => `${whyInferenceOnly(input as { type: LayerType })} ${inferenceOnly}`,
  });
const layers = withMaxSize(maxLayers, z.array(layerDraft).min(1).max(maxLayers));

const textDraft = z.strictObject({
  kind: z.literal('text').default('text'),
  vocabulary: z.enum(['characters', 'words']).default('characters'),
  /** By default the `max_tokens` most frequent tokens of the data that occur at least `min_count` times. */
  tokens: stringList(1_000_000).optional(),
  min_count: z.int().min(1).default(1),
  max_tokens: z.int().min(2).max(1_000_000).default(50_000),
  lowercase: z.boolean().default(false),
  normalize: z.enum(['none', 'NFC', 'NFKC']).default('NFC'),
  /** words only: adds ids of a word's first and last characters (model.json, inputs.characters). */
  characters: z.strictObject({ prefix: z.int().min(0).max(16), suffix: z.int().min(0).max(16) }).optional(),
});
const numericDraft = z.strictObject({
  kind: z.literal('numeric'),
  /**
   * Names of the features; by default the CSV's columns, or value_0, value_1 … Mean and scale come from the
   * data.
   */
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
  /** Gradients are scaled to a global norm of at most `norm`, then each is clipped to ± `value`. */
  clip: z
    .strictObject({ norm: z.number().positive().optional(), value: z.number().positive().optional() })
    .prefault({ norm: 1 }),
  /** By default softmax_cross_entropy, sigmoid_cross_entropy or mean_squared, by task. */
  loss: lossSpec.optional(),
  /** classify, tag: weight of each label; `balanced` weighs labels by inverse frequency. */
  class_weights: z.union([z.literal('balanced'), z.record(z.string(), z.number().min(0))]).optional(),
  /**
   * Backpropagates through `k2` steps every `k1` steps, carrying the state; through whole sequences by
   * default.
   */
  truncate: z.strictObject({ k1: z.int().min(1).max(8192), k2: z.int().min(1).max(8192) }).optional(),
  /** decode: probability of replacing a decoder input by its prediction; rises linearly from 0 to this. */
  scheduled_sampling: z.number().min(0).max(1).default(0),
  /**
   * Number of shards of a batch, whose gradients are summed in order; results do not depend on the threads.
   */
  shards: z.int().min(1).max(16).default(1),
  /** classify, and predict with one target: whether the target applies to the last step or to every step. */
  loss_at: z.enum(['end', 'every_step']).default('end'),
  /** Longer sequences are skipped and counted. */
  max_steps: z.int().min(1).max(65_536).default(1024),
  /** Steps between evaluations on the validation data; by default once an epoch. */
  evaluate_every: z.int().min(1).optional(),
  /** Steps between checkpoints, besides those at evaluations. */
  checkpoint_every: z.int().min(1).optional(),
  /**
   * Stops after `patience` evaluations without a better score. The best weights are published in any case.
   */
  early_stopping: z.strictObject({ patience: z.int().min(1).max(10_000) }).optional(),
  /** Steps between reports of gradient flow; 0 turns them off. */
  gradient_flow_every: z.int().min(0).default(0),
  /** Embeddings are initialised uniformly in ± this scale. */
  embedding_scale: z.number().positive().default(0.1),
  /** glorot: Glorot and Bengio 2010; he: He et al. 2015 for matrices before relu, else Glorot. */
  initialisation: z.enum(['glorot', 'he']).default('glorot'),
});

export const trainingSpec = z.strictObject({
  /** Name of the model to train. */
  model: modelName,
  description: z.string().max(2000).default(''),
  task: z.enum(['classify', 'tag', 'decode', 'generate', 'predict']),
  /** Starts from an existing model's weights, network and vocabulary. */
  base: z.string().min(1).max(200).optional(),
  /** Names of layers whose weights are not trained. */
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
      /** classify, tag: the labels; by default those of the data. */
      labels: stringList(262_144).optional(),
      multi_label: z.boolean().default(false),
      /** decode: the vocabulary of the targets. */
      vocabulary: textDraft.optional(),
      /** predict: names of the outputs. */
      units: stringList(8192).optional(),
    })
    .prefault({}),
  /** Defaults of decoding, stored in model.json. */
  decoding: z.record(z.string(), z.unknown()).optional(),
  data: dataReference,
  /**
   * predict from a CSV whose rows are time steps: reads `window` rows and predicts the next `horizon`
   * targets.
   */
  series: z
    .strictObject({
      inputs: stringList(256).optional(),
      targets: stringList(64).optional(),
      window: z.int().min(1).max(8192),
      horizon: z.int().min(1).max(1024),
      stride: z.int().min(1).max(8192).default(1),
      /** Predicts after every step of the window instead of the last alone. */
      every_step: z.boolean().default(false),
    })
    .optional(),
  /**
   * Validation data, or a share of the training data: drawn by the seed, of plain text and series the end.
   */
  validation: z
    .union([dataReference, z.strictObject({ share: z.number().min(0).max(0.9) })])
    .prefault({ share: 0.1 }),
  hyperparameters: hyperparameters.prefault({}),
  /** Training ends with the first limit reached. Schedules run over epochs or steps. */
  budget: z
    .strictObject({
      epochs: z.number().positive().max(100_000).optional(),
      steps: z.int().min(1).max(1_000_000_000).optional(),
      minutes: z.number().positive().max(100_000).optional(),
    })
    .refine((budget) => budget.epochs !== undefined || budget.steps !== undefined, 'needs epochs or steps')
    .prefault({ epochs: 10 }),
  seed: z.int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  /** What becomes of the best checkpoint: the first version of a model is published unless it is `never`. */
  publish: z
    .enum(publishPolicies)
    .default('if_better')
    .describe(
      'Whether the best checkpoint becomes the next version of its model and takes its traffic: `never`; `if_better` than the present version, measured on the same validation data; `always`. The first version of a model is published with either of these',
    ),
  /** The checkpoints that stay: the best, and this many of the last. */
  keep: z
    .int()
    .min(1)
    .max(100_000)
    .default(3)
    .describe('How many of the last checkpoints stay; the best one stays besides'),
  /** Publishes a model although its task, labels or inputs are not those of the present version. */
  force: z
    .boolean()
    .default(false)
    .describe('Publishes although the task, labels or inputs are not those of the present version'),
  /** Stored in model.json with the job's own provenance, for example the source and licence of the data. */
  provenance: z.record(z.string(), z.unknown()).default({}),
});

export type TrainingSpec = z.infer<typeof trainingSpec>;
