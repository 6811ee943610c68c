import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { BodyOf } from '../../client/call.ts';
import type { Client, TrainingJob } from '../../client/index.ts';
import type { DatasetFormat } from '../../client/training.ts';
import { CommandError } from '../command-error.ts';

const formats: Readonly<Record<string, DatasetFormat>> = {
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};

/**
 * Creates a training job on a server from the file that `unroll train` takes: `data` and `validation` may be
 * {"file": "train.jsonl"}, relative to it, which is uploaded.
 * @throws CommandError for a file that is no JSON object
 */
export async function submitJob(client: Client, path: string): Promise<TrainingJob> {
  const body = parseObject(path, await readFile(path, 'utf8'));
  for (const field of ['data', 'validation']) {
    const { file } = (body[field] ?? {}) as { readonly file?: unknown };
    if (typeof file === 'string')
      body[field] = { dataset: await uploadDataset(client, resolve(dirname(path), file), body['task']) };
  }
  return client.jobs.create(body as BodyOf<'createTrainingJob'>);
}

async function uploadDataset(client: Client, file: string, task: unknown): Promise<string> {
  const format = formats[extname(file).toLowerCase()] ?? 'text';
  // a task that there is not is refused by the server
  const about = { format, ...(typeof task === 'string' && { task: task as 'classify' }) };
  const { id } = await client.datasets.upload(await readFile(file), about);
  return id;
}

function parseObject(path: string, text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CommandError(`${path} is not JSON: ${(error as Error).message}`, 1, { cause: error });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Record<string, unknown>;
  throw new CommandError(`${path}: must be a JSON object, the body of POST /v1/training/jobs`);
}
