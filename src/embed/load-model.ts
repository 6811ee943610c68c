import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../server.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createCalls, type ModelCalls } from './model-calls.ts';
import { toConfig, type ServerSettings } from './server-settings.ts';

/** A model in this process, with the calls of the API. */
export interface LoadedModel extends ModelCalls {
  readonly name: string;
  /** Null where it is served as tensors only. */
  readonly task: string | null;
  readonly version: number;
  /** Unloads it and ends its threads. */
  close(): Promise<void>;
}

/**
 * Loads a model to call it in this process: nothing listens.
 * @param path a model file, a version's folder, or a model's folder, of which the highest version is loaded
 * @param settings in lower case, as in unroll.config.json: `{ workers: 2 }`
 * @throws Error with the reason when the model cannot be served
 */
export async function loadModel(path: string, settings: ServerSettings = {}): Promise<LoadedModel> {
  const data = await mkdtemp(join(tmpdir(), 'unroll-model-'));
  const config = toConfig({
    log_level: 'silent',
    watch: false,
    training_jobs: 0,
    data,
    ...settings,
    model: path,
    api_keys_file: '',
  });
  const server = await startServer(config, createLogger(config.LOG_LEVEL), { listen: false });
  const close = async (): Promise<void> => {
    await server.close(config.DRAIN_MS);
    await rm(data, { recursive: true, force: true });
  };
  const best = server
    .models()
    .toSorted((a, b) => Number(b.ready) - Number(a.ready) || b.version - a.version)[0];
  if (!best?.ready) {
    await close();
    throw new Error(`${path}: ${best?.error ?? 'there is no model in this folder'}`);
  }
  const { name, task, version } = best;
  return { name, task, version, close, ...createCalls(name, server.inject) };
}
