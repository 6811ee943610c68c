import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import type { JobJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { CommandError } from '../command-error.ts';

const types: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.tsv': 'text/tab-separated-values',
  '.json': 'application/json',
  '.jsonl': 'application/jsonl',
  '.ndjson': 'application/jsonl',
};

/**
 * Creates a training job on a server from the file that `unroll train` takes: `data` and `validation` may be
 * {"file": "train.jsonl"}, relative to it, which is uploaded.
 * @throws CommandError for a file that is no JSON object
 */
export async function submitJob(client: ServerClient, path: string): Promise<JobJson> {
  const body = parseObject(path, await readFile(path, 'utf8'));
  for (const field of ['data', 'validation']) {
    const { file } = (body[field] ?? {}) as { readonly file?: unknown };
    if (typeof file === 'string')
      body[field] = { dataset: await uploadDataset(client, resolve(dirname(path), file), body['task']) };
  }
  return client.call('POST', '/v1/training/jobs', body);
}

async function uploadDataset(client: ServerClient, file: string, task: unknown): Promise<string> {
  const type = types[extname(file).toLowerCase()] ?? 'text/plain';
  const query = typeof task === 'string' ? `?task=${encodeURIComponent(task)}` : '';
  const bytes = new Uint8Array(await readFile(file));
  const { id } = await client.upload<{ readonly id: string }>('POST', `/v1/datasets${query}`, bytes, type);
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
