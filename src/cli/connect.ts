import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, type Client } from '../client/index.ts';
import type { Config } from '../config.ts';
import { modelNamePattern } from '../model-files.ts';
import { CommandError } from './command-error.ts';
import { serverUrl } from './server-url.ts';

/** Milliseconds in which a server on this machine answers whether it is one. */
const probeMs = 2000;

/** Calls the server of the settings. */
export const connect = (config: Config): Client =>
  createClient({ url: serverUrl(config), key: config.API_KEY || undefined });

/**
 * Runs `work` with the server of the settings; where none is named and none runs, with one in this process, which has the
 * models folder and listens to nobody.
 * @param reference the only model that is needed; null for all
 * @param work gets where the models are, too, for messages
 */
export async function withServer<T>(
  config: Config,
  reference: string | null,
  work: (client: Client, where: string) => Promise<T>,
): Promise<T> {
  const url = serverUrl(config);
  if (config.SERVER !== '' || (await isServer(url, config.API_KEY))) return work(connect(config), url);
  const [{ startServer }, { createLogger }] = await Promise.all([
    import('../server.ts'),
    import('../telemetry/logger.ts'),
  ]);
  const own = { ...forOneCommand(config), ...onlyModel(config, reference) };
  const server = await startServer(own, createLogger(own.LOG_LEVEL), { listen: false });
  try {
    const client = createClient({ url: '', fetch: server.inject as typeof fetch });
    return await work(client, `the models in ${own.MODEL || own.MODELS}`);
  } finally {
    await server.close(0);
  }
}

/** Settings of a server that calls models for one command and does nothing else. */
const forOneCommand = (config: Config): Config => ({
  ...config,
  LOG_LEVEL: 'silent',
  WATCH: false,
  TRAINING_JOBS: 0,
  JOBS: 'embedded',
  SESSIONS: 'embedded',
  API_KEYS_FILE: '',
  PUBLIC_URL: '',
  HOST: '127.0.0.1',
});

/** Loads no more than the model that is called. @throws CommandError where its folder is missing */
function onlyModel(config: Config, reference: string | null): Partial<Config> {
  const { MODEL: single, MODELS: models } = config;
  const [name = ''] = reference?.split('@') ?? [];
  const folder = join(models, name);
  if (single !== '' || (reference !== null && !modelNamePattern.test(name))) return {};
  if (!existsSync(folder))
    throw new CommandError(
      `there is no server at ${serverUrl(config)}, and ${reference === null ? 'no folder' : `no model ${name} in the folder`} ${models}`,
    );
  return reference === null ? {} : { MODEL: folder, MODEL_NAME: name };
}

/** Whether an Unroll server answers there. Something else on its port is none. */
async function isServer(url: string, key: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v2`, {
      headers: key === '' ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.timeout(probeMs),
    });
    const { name, code } = (await response.json()) as { readonly name?: string; readonly code?: string };
    return name === 'unroll' || code === 'unauthorized';
  } catch {
    return false;
  }
}
