import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createKernel } from '../cells/create-kernel.ts';
import { UnrollError } from '../errors.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import { precisions, type Precision } from '../kernel/precision.ts';
import { specFile, weightsFile } from '../model-files.ts';
import type { ModelSpec } from '../network/spec.ts';
import type { Weights } from '../network/weights.ts';
import { publishVersion } from '../repository/publish-version.ts';
import { readModelFolder } from '../repository/read-model-folder.ts';
import { createBatches } from '../training/data/batches.ts';
import { prepareTraining } from '../training/data/prepare.ts';
import { measureServed } from '../training/served/measure-served.ts';
import { trainingSpec } from '../training/training-spec.ts';
import { getDataFormat } from './data-format.ts';
import { findVersionFolder } from './find-version-folder.ts';

export interface QuantizeOptions {
  readonly models: string;
  readonly precision: string;
  /** A file of held-out records, as for training. */
  readonly data: string;
  readonly memoryMegabytes: number;
}

type Metrics = Readonly<Record<string, number>>;

/** Records that are read side by side. */
const batchSize = 32;
const maxSteps = 65_536;

/**
 * unroll quantize MODEL --precision int8 --data FILE: measures a model on held-out records with its float32 weights and with
 * quantised ones, and publishes a version with these under the alias of their precision: the traffic stays where it is.
 * @returns the exit code
 * @throws UnrollError model_not_found, invalid_request, invalid_dataset, invalid_model, invalid_weights
 */
export async function quantizeCommand(
  reference: string,
  { models, precision: asked, data, memoryMegabytes }: QuantizeOptions,
  print: (line: string) => void = console.log,
): Promise<number> {
  const precision = parsePrecision(asked);
  const folder = await findVersionFolder(models, reference);
  const name = basename(dirname(folder));
  const { spec, weights } = await readModel(models, folder, name);
  const measure = await prepareMeasurement(spec, weights, data, memoryMegabytes);
  const before = measure('float32');
  const after = measure(precision);
  for (const line of compareMetrics(before, after, precision)) print(line);
  const from = `${name}@${basename(folder)}`;
  const measured = { from, precision, data: basename(data), float32: before, [precision]: after };
  const version = await publish(models, quantisedSpec(spec, precision, measured), weights, precision);
  print(
    `published ${name}@${version} with ${precision} weights as ${name}@${precision}; unroll publish ${name}@${version} gives it the traffic`,
  );
  return 0;
}

function parsePrecision(asked: string): Exclude<Precision, 'float32'> {
  const found = precisions.find((one) => one === asked);
  if (found && found !== 'float32') return found;
  throw new UnrollError(
    'invalid_request',
    `--precision: must be int8 or int16, was ${JSON.stringify(asked)}`,
    {
      field: 'precision',
    },
  );
}

async function readModel(
  models: string,
  folder: string,
  name: string,
): Promise<{ spec: ModelSpec; weights: Weights }> {
  const { sequence } = await readModelFolder(await realpath(models), folder, name);
  if (typeof sequence === 'string')
    throw new UnrollError('invalid_model', `${name} runs on no sequences: ${sequence}`);
  return { spec: sequence.spec, weights: await sequence.weights() };
}

/** Reads the records. @returns the model's metrics on them at a precision */
async function prepareMeasurement(
  spec: ModelSpec,
  weights: Weights,
  path: string,
  memoryMegabytes: number,
): Promise<(precision: Precision) => Metrics> {
  await readFile(path).catch((error: unknown) => {
    throw new UnrollError('invalid_request', `--data: ${path} cannot be read: ${(error as Error).message}`, {
      field: 'data',
      cause: error,
    });
  });
  const job = trainingSpec.parse({
    model: spec.name,
    task: spec.task,
    base: spec.name,
    data: { dataset: 'held-out' },
    validation: { share: 0 },
    hyperparameters: { max_steps: maxSteps },
  });
  const { training } = await prepareTraining(job, { path, format: getDataFormat(path) }, null, spec);
  const batches = createBatches(training, { batchSize, seed: 0, shards: 1, shuffle: false });
  const kernel = createKernel({ mode: 'auto', memoryMegabytes });
  return (precision) => measureServed(kernel, { model: spec, weights, precision }, batches);
}

/** A metric a line: with float32 weights, with quantised ones, and the change; of shares in points. */
function compareMetrics(before: Metrics, after: Metrics, precision: Precision): string[] {
  const isShare = (metric: string): boolean => /accuracy|f1|rate/.test(metric);
  const format = (value: number): string => value.toPrecision(6);
  const rows = Object.entries(before).map(([metric, value]) => {
    const change = after[metric]! - value;
    const text = isShare(metric)
      ? `${signed(change * 100, 3)} points`
      : `${signed((change / Math.abs(value)) * 100, 3)} %`;
    return [metric, format(value), format(after[metric]!), text];
  });
  const table = [['', 'float32', precision, 'change'], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map(([metric, ...values]) =>
    [metric!.padEnd(widths[0]!), ...values.map((value, i) => value.padStart(widths[i + 1]!))].join('  '),
  );
}

const signed = (value: number, digits: number): string =>
  `${value > 0 ? '+' : ''}${(Number.isFinite(value) ? value : 0).toFixed(digits)}`;

function quantisedSpec(spec: ModelSpec, precision: Precision, measured: object): ModelSpec {
  // the weights are written under the network's own names
  const { weights: _, ...rest } = spec;
  return { ...rest, precision, provenance: { ...spec.provenance, quantized: measured } };
}

async function publish(
  models: string,
  spec: ModelSpec,
  weights: Weights,
  alias: Exclude<Precision, 'float32'>,
): Promise<number> {
  const draft = await mkdtemp(join(tmpdir(), 'unroll-quantize-'));
  try {
    await writeFile(join(draft, specFile), `${JSON.stringify(spec, null, 2)}\n`);
    await writeFile(join(draft, weightsFile), writeSafetensors(weights));
    return await publishVersion(models, spec.name, draft, { alias });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
