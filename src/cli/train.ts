import { once } from 'node:events';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { UnrollError } from '../errors.ts';
import { decidePublication } from '../jobs/decide-publication.ts';
import { createVersionMeasurements } from '../jobs/measure-versions.ts';
import { findCurrentModel } from '../jobs/publisher.ts';
import { publishVersion } from '../repository/publish-version.ts';
import { checkpointFolder } from '../training/run/checkpoint.ts';
import type { DataFile, RunMessage, RunRequest, RunCommand } from '../training/run/run-messages.ts';
import { trainingSpec, type TrainingSpec } from '../training/training-spec.ts';
import { exitCodes } from './command-error.ts';
import { getDataFormat } from './data-format.ts';
import { findVersionFolder } from './find-version-folder.ts';
import { createDisplay } from './progress-line.ts';

// unroll train config.json: a training job without a server. The file is the body of POST /v1/training/jobs,
// except that `data` and `validation` may name a file relative to it: {"file": "train.jsonl"}.

export interface TrainOptions {
  readonly models: string;
  /** Folder of the checkpoints; null for `<config>.training`. */
  readonly work: string | null;
  readonly threads: number;
  readonly memoryMegabytes: number;
}

/** @returns the exit code */
export async function trainCommand(configPath: string, options: TrainOptions): Promise<number> {
  const display = createDisplay(process.stdout);
  const work = options.work ?? `${configPath.replace(/\.json$/, '')}.training`;
  await mkdir(join(work, 'checkpoints'), { recursive: true });
  const { spec, data, validation } = await readConfig(configPath, work);
  const resume = await findLastCheckpoint(work);
  if (resume !== null) display.line(`resuming from step ${resume} (${work})`);
  const base = spec.base === undefined ? null : await findVersionFolder(options.models, spec.base);
  const request: RunRequest = {
    spec,
    data,
    validation,
    base,
    folder: work,
    resume,
    threads: options.threads,
    memoryMegabytes: options.memoryMegabytes,
  };
  const thread = new Worker(new URL('../training/run/run-thread.ts', import.meta.url), {
    workerData: request,
  });
  let interrupted = false;
  const pause = (): void => thread.postMessage({ kind: 'pause' } satisfies RunCommand);
  process.once('SIGTERM', pause).once('SIGINT', () => {
    interrupted = true;
    pause();
  });

  let code: number = exitCodes.failed;
  thread.on('message', (message: RunMessage) => {
    if (message.kind === 'progress') display.progress(message);
    else if (message.kind === 'event' && message.type !== 'gradient_flow') display.line(message.message);
    else if (message.kind === 'failed') display.line(`failed: ${message.message}`);
    else if (message.kind === 'ended')
      code = interrupted && message.outcome === 'paused' ? exitCodes.interrupted : 0;
    if (message.kind === 'ended') ended = message;
  });
  let ended: Extract<RunMessage, { kind: 'ended' }> | null = null;
  thread.on('error', (error) => display.line(`failed: ${error.message}`));
  await once(thread, 'exit');
  display.end();
  await publishResult(ended, request, options.models, (line) => display.line(line));
  return code;
}

/** Publishes the best checkpoint, by the job's policy where its model has a version that it would take the traffic from. */
async function publishResult(
  ended: Extract<RunMessage, { kind: 'ended' }> | null,
  { spec, data, validation, folder: work, memoryMegabytes }: RunRequest,
  models: string,
  print: (line: string) => void,
): Promise<void> {
  if (ended?.outcome !== 'succeeded') {
    if (ended) print(`stopped at step ${ended.step}: the same command resumes it`);
    return;
  }
  const step = ended.best ?? ended.step;
  const folder = checkpointFolder(work, step);
  const measurements = createVersionMeasurements();
  const { published, reason } = await decidePublication(
    { job: { spec, data, validation }, folder, policy: spec.publish, force: spec.force },
    await findCurrentModel(models, spec.model),
    measurements,
    memoryMegabytes,
  );
  measurements.close();
  if (!published) return print(`not published: ${reason}; its folder is ${folder}`);
  const version = await publishVersion(models, spec.model, folder);
  print(
    `published ${spec.model}@${version} to ${join(models, spec.model, String(version))}, from step ${step}: ${reason}`,
  );
}

const fileReference = z.strictObject({ file: z.string().min(1) });

/**
 * Reads the job's file, writing inline records to the work folder.
 * @throws UnrollError invalid_request, naming the field
 */
async function readConfig(
  path: string,
  work: string,
): Promise<{ spec: TrainingSpec; data: DataFile; validation: DataFile | null }> {
  const json = parseJson(path, await readFile(path, 'utf8'));
  const files: Record<string, DataFile> = {};
  for (const field of ['data', 'validation']) {
    const named = fileReference.safeParse(json[field]);
    if (named.success) {
      const file = resolve(dirname(path), named.data.file);
      files[field] = { path: file, format: getDataFormat(file) };
      json[field] = { dataset: 'file' };
    }
  }
  const parsed = trainingSpec.safeParse(json);
  if (!parsed.success) throw new UnrollError('invalid_request', `${path}: ${z.prettifyError(parsed.error)}`);
  const spec = parsed.data;
  const writeInline = async (field: 'data' | 'validation'): Promise<DataFile | null> => {
    const given = spec[field];
    if (!('records' in given)) return files[field] ?? null;
    const file = join(work, `${field}.jsonl`);
    await writeFile(file, given.records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return { path: file, format: 'jsonl' };
  };
  const data = await writeInline('data');
  if (!data)
    throw new UnrollError(
      'invalid_request',
      `${path}: data: must be {"file": "…"} or {"records": […]} without a server`,
    );
  return { spec, data, validation: await writeInline('validation') };
}

function parseJson(path: string, text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw new UnrollError('invalid_request', `${path} is not JSON: ${(error as Error).message}`);
  }
}

async function findLastCheckpoint(work: string): Promise<number | null> {
  const steps = (await readdir(join(work, 'checkpoints'))).filter((name) => /^\d+$/.test(name)).map(Number);
  return steps.length > 0 ? Math.max(...steps) : null;
}
