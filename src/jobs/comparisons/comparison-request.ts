import { z } from 'zod';
import { withMaxSize } from '../../bounded-schema.ts';
import { cellNames, comparedCells } from '../../cells/registry.ts';
import { modelNamePattern } from '../../model-files.ts';
import { trainingSpec } from '../../training/training-spec.ts';

const path = z
  .string()
  .max(100, { abort: true })
  .regex(
    /^(hyperparameters|budget)(\.[a-z][a-z0-9_]*)+$|^seed$/,
    'must name a field below hyperparameters or budget, or seed',
  );
const range = z.union([
  withMaxSize(64, z.array(z.unknown()).min(1).max(64)),
  z
    .strictObject({
      min: z.number(),
      max: z.number(),
      /** Draws uniformly on a logarithmic scale. */
      log: z.boolean().default(false),
      whole: z.boolean().default(false),
    })
    .refine(({ min, max, log }) => min <= max && (!log || min > 0), 'needs min ≤ max, and for log min > 0'),
]);
export type Range = z.infer<typeof range>;

export const maxTrials = 64;
/** Most settings that one comparison may vary. */
const maxPaths = 16;

/** Body of POST /v1/training/comparisons. */
export const comparisonRequest = z
  .strictObject({
    /** Name under which the best model is published; trials are named `<model>-<cell>[-<number>]`. */
    model: z.string().max(50).regex(modelNamePattern),
    /** A training job without `model`; every trial has about as many recurrent parameters as its network. */
    spec: trainingSpec.omit({ model: true }),
    cells: withMaxSize(cellNames.length, z.array(z.enum(cellNames)).min(1).max(cellNames.length)).default([
      ...comparedCells,
    ]),
    /** Tries every combination of these values. */
    grid: withMaxSize(
      maxPaths,
      z.record(path, withMaxSize(16, z.array(z.unknown()).min(1).max(16))),
    ).optional(),
    /** Draws settings at random. */
    random: z
      .strictObject({
        trials: z.int().min(1).max(maxTrials),
        ranges: withMaxSize(maxPaths, z.record(path, range)),
        seed: z.int().min(0).default(0),
      })
      .optional(),
    /** Reports the seconds until a metric reaches a value. */
    target: z.strictObject({ metric: z.string().min(1).max(100), value: z.number() }).optional(),
  })
  .refine(({ grid, random }) => !(grid && random), 'takes a grid or random draws, not both');
export type ComparisonRequest = z.infer<typeof comparisonRequest>;
