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
/** Far more than any type of layer has. */
const maxLayerFields = 100;

export const publishPolicies = ['never', 'if_better', 'always'] as const;
export type PublishPolicy = (typeof publishPolicies)[number];

const modelName = z.string().regex(modelNamePattern);
/**
 * A layer of model.json. An embedding's `vocabulary` and the last layer's `units` default to those of the
 * data.
 */
const layerDraft = z
  .looseObject({
    type: z
      .enum(layerTypes)
      .describe('What it computes; its other fields are those of this type in docs/model-format.md'),
  })
  .refine((layer) => whyInferenceOnly(layer) === null, {
    error: ({ input }) => `${whyInferenceOnly(input as { type: LayerType })} ${inferenceOnly}`,
  });
const layers = withMaxSize(
  maxLayers,
  z.array(withMaxSize(maxLayerFields, layerDraft)).min(1).max(maxLayers),
).describe('Layers of model.json, in order');

const textDraft = z.strictObject({
  kind: z.literal('text').default('text').describe('The kind of input'),
  vocabulary: z.enum(['characters', 'words']).default('characters').describe('What a step of a text is'),
  tokens: stringList(1_000_000)
    .optional()
    .describe(
      'By default the `max_tokens` most frequent tokens of the data that occur at least `min_count` times',
    ),
  min_count: z.int().min(1).default(1).describe('Rarer tokens are unknown'),
  max_tokens: z.int().min(2).max(1_000_000).default(50_000).describe('The most tokens of a vocabulary'),
  lowercase: z.boolean().default(false).describe('Whether texts are lowercased'),
  normalize: z.enum(['none', 'NFC', 'NFKC']).default('NFC').describe('Unicode normalisation of texts'),
  characters: z
    .strictObject({
      prefix: z.int().min(0).max(16).describe('First characters of a word'),
      suffix: z.int().min(0).max(16).describe('Last characters of a word'),
    })
    .optional()
    .describe('words only: adds ids of a word’s first and last characters (model.json, inputs.characters)'),
});
const numericDraft = z.strictObject({
  kind: z.literal('numeric').describe('The kind of input'),
  features: stringList(8192)
    .optional()
    .describe(
      'Names of the features; by default the CSV’s columns, or value_0, value_1 … Mean and scale come from the data',
    ),
});

const dataReference = z.union([
  z.strictObject({ dataset: z.string().min(1).max(64).describe('Id of an uploaded dataset') }),
  z.strictObject({
    records: withMaxSize(10_000, z.array(z.looseObject({})).min(1).max(10_000)).describe('The records'),
  }),
]);

const hyperparameters = z.strictObject({
  batch_size: z.int().min(1).max(4096).default(32).describe('Sequences of a step'),
  learning_rate: z.number().positive().max(1000).default(0.001).describe('Before the schedule'),
  optimizer: optimiserSpec.prefault({ type: 'adam' }).describe('Its type, and the options of that type'),
  schedule: scheduleSpec
    .prefault({ type: 'constant' })
    .describe('How the learning rate changes over the run'),
  clip: z
    .strictObject({
      norm: z.number().positive().optional().describe('Of all gradients together'),
      value: z.number().positive().optional().describe('Of each gradient'),
    })
    .prefault({ norm: 1 })
    .describe('Gradients are scaled to a global norm of at most `norm`, then each is clipped to ± `value`'),
  loss: lossSpec
    .optional()
    .describe('By default softmax_cross_entropy, sigmoid_cross_entropy or mean_squared, by task'),
  class_weights: z
    .union([z.literal('balanced'), z.record(z.string(), z.number().min(0))])
    .optional()
    .describe('classify, tag: weight of each label; `balanced` weighs labels by inverse frequency'),
  truncate: z
    .strictObject({
      k1: z.int().min(1).max(8192).describe('Steps between two updates'),
      k2: z.int().min(1).max(8192).describe('Steps that gradients reach back'),
    })
    .optional()
    .describe(
      'Backpropagates through `k2` steps every `k1` steps, carrying the state; through whole sequences by default',
    ),
  scheduled_sampling: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe(
      'decode: probability of replacing a decoder input by its prediction; rises linearly from 0 to this',
    ),
  shards: z
    .int()
    .min(1)
    .max(16)
    .default(1)
    .describe(
      'Number of shards of a batch, whose gradients are summed in order; results do not depend on the threads',
    ),
  loss_at: z
    .enum(['end', 'every_step'])
    .default('end')
    .describe(
      'classify, and predict with one target: whether the target applies to the last step or to every step',
    ),
  max_steps: z.int().min(1).max(65_536).default(1024).describe('Longer sequences are skipped and counted'),
  evaluate_every: z
    .int()
    .min(1)
    .optional()
    .describe('Steps between evaluations on the validation data; by default once an epoch'),
  checkpoint_every: z
    .int()
    .min(1)
    .optional()
    .describe('Steps between checkpoints, besides those at evaluations'),
  early_stopping: z
    .strictObject({ patience: z.int().min(1).max(10_000).describe('Evaluations') })
    .optional()
    .describe(
      'Stops after `patience` evaluations without a better score. The best weights are published in any case.',
    ),
  gradient_flow_every: z
    .int()
    .min(0)
    .default(0)
    .describe('Steps between reports of gradient flow; 0 turns them off'),
  embedding_scale: z
    .number()
    .positive()
    .default(0.1)
    .describe('Embeddings are initialised uniformly in ± this scale'),
  initialisation: z
    .enum(['glorot', 'he'])
    .default('glorot')
    .describe('glorot: Glorot and Bengio 2010; he: He et al. 2015 for matrices before relu, else Glorot.'),
});

export const trainingSpec = z.strictObject({
  model: modelName.describe('Name of the model to train'),
  description: z.string().max(2000).default('').describe('Stored in model.json'),
  task: z
    .enum(['classify', 'tag', 'decode', 'generate', 'predict'])
    .describe('What callers will ask the model'),
  base: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('Starts from an existing model’s weights, network and vocabulary'),
  frozen: withMaxSize(256, z.array(z.string().min(1).max(200)).max(256))
    .default([])
    .describe('Names of layers whose weights are not trained'),
  network: z
    .strictObject({
      layers,
      encoder: z.strictObject({ layers }).optional().describe('decode: reads the whole source first'),
      bridge: z
        .enum(['none', 'copy', 'dense'])
        .optional()
        .describe('decode: how the encoder’s last state becomes the decoder’s first'),
    })
    .optional()
    .describe('Its layers; required without `base`'),
  inputs: z
    .discriminatedUnion('kind', [textDraft, numericDraft])
    .optional()
    .describe('How the data is read; by default by its first record'),
  outputs: z
    .strictObject({
      labels: stringList(262_144)
        .optional()
        .describe('classify, tag: the labels; by default those of the data'),
      multi_label: z.boolean().default(false).describe('classify, tag: several labels may apply at once'),
      vocabulary: textDraft.optional().describe('decode: the vocabulary of the targets'),
      units: stringList(8192).optional().describe('predict: names of the outputs'),
    })
    .prefault({})
    .describe('Labels, units and vocabulary of the answers; by default those of the data'),
  decoding: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('Defaults of decoding, stored in model.json'),
  data: dataReference.describe('A dataset, or records'),
  series: z
    .strictObject({
      inputs: stringList(256).optional().describe('How the data is read; by default by its first record'),
      targets: stringList(64).optional().describe('Columns to predict'),
      window: z.int().min(1).max(8192).describe('Rows that are read'),
      horizon: z.int().min(1).max(1024).describe('Rows that are predicted'),
      stride: z.int().min(1).max(8192).default(1).describe('Rows between two windows'),
      every_step: z
        .boolean()
        .default(false)
        .describe('Predicts after every step of the window instead of the last alone'),
    })
    .optional()
    .describe(
      'predict from a CSV whose rows are time steps: reads `window` rows and predicts the next `horizon` targets',
    ),
  validation: z
    .union([
      dataReference,
      z.strictObject({ share: z.number().min(0).max(0.9).describe('Of the training data') }),
    ])
    .prefault({ share: 0.1 })
    .describe(
      'Validation data, or a share of the training data: drawn by the seed, of plain text and series the end',
    ),
  hyperparameters: hyperparameters.prefault({}).describe('How it is trained'),
  budget: z
    .strictObject({
      epochs: z.number().positive().max(100_000).optional().describe('Passes over the data'),
      steps: z.int().min(1).max(1_000_000_000).optional().describe('Batches'),
      minutes: z.number().positive().max(100_000).optional().describe('Of training, without pauses'),
    })
    .refine((budget) => budget.epochs !== undefined || budget.steps !== undefined, 'needs epochs or steps')
    .prefault({ epochs: 10 })
    .describe('Training ends with the first limit reached. Schedules run over epochs or steps.'),
  seed: z
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .describe('The same seed gives the same weights'),
  publish: z
    .enum(publishPolicies)
    .default('if_better')
    .describe(
      'Whether the best checkpoint becomes the next version of its model and takes its traffic: `never`; `if_better` than the present version, measured on the same validation data; `always`. The first version of a model is published with either of these',
    ),
  keep: z
    .int()
    .min(1)
    .max(100_000)
    .default(3)
    .describe('How many of the last checkpoints stay; the best one stays besides'),
  force: z
    .boolean()
    .default(false)
    .describe('Publishes although the task, labels or inputs are not those of the present version'),
  provenance: z
    .record(z.string(), z.unknown())
    .default({})
    .describe(
      'Stored in model.json with the job’s own provenance, for example the source and licence of the data',
    ),
});

export type TrainingSpec = z.infer<typeof trainingSpec>;
