import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { freemem, totalmem } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { Config } from '../../config.ts';

export interface Finding {
  readonly check: string;
  /** warning: it serves, but less than it could. */
  readonly level: 'good' | 'warning' | 'bad';
  readonly message: string;
}

type Check = (config: Config) => Promise<Omit<Finding, 'check'>>;
const good = (message: string) => ({ level: 'good', message }) as const;
const warning = (message: string) => ({ level: 'warning', message }) as const;
const bad = (message: string) => ({ level: 'bad', message }) as const;

const minNode = 24;

const checkNode: Check = async () => {
  const { node, v8 } = process.versions;
  return Number(node.split('.')[0]) >= minNode
    ? good(`Node ${node}, V8 ${v8}`)
    : bad(`Node ${node}; ${minNode} or newer is needed`);
};

const checkKernel: Check = async ({ KERNEL: mode }) => {
  const { createKernel } = await import('../../cells/create-kernel.ts');
  const { path, reason } = createKernel({ mode, memoryMegabytes: 64 });
  return path === 'plain' && mode === 'auto' ? warning(`plain: ${reason}`) : good(`${path}: ${reason}`);
};

const checkModels: Check = async ({ MODEL: single, MODELS: models }) => {
  const path = single || models;
  try {
    await access(path, constants.R_OK);
    const isFolder = (await stat(path)).isDirectory();
    const count = isFolder ? (await readdir(path)).filter((name) => !name.startsWith('.')).length : 1;
    if (single !== '') return good(`${path} can be read`);
    const writable = await access(path, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!writable) return warning(`${path} cannot be written: training cannot publish there`);
    return count === 0
      ? warning(`${path} is empty`)
      : good(`${path} can be read and written, ${count} entries`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' && single === ''
      ? warning(`${path} is missing: the server starts without models; unroll pull and training make it`)
      : bad(`${path} cannot be read (${code})`);
  }
};

const checkData: Check = async ({ DATA: data }) => {
  let folder = resolve(data);
  for (;;) {
    try {
      await access(folder, constants.W_OK | constants.X_OK);
      return good(folder === resolve(data) ? `${data} can be written` : `${data} can be made`);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' || dirname(folder) === folder)
        return bad(`${data} cannot be written (${code} at ${folder}): no training, and no sessions on disk`);
      folder = dirname(folder);
    }
  }
};

const checkPort: Check = ({ HOST: host, PORT: port }) =>
  new Promise((done) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      done(
        bad(
          code === 'EADDRINUSE'
            ? `${host}:${port} is taken`
            : `${host}:${port} cannot be listened on (${code})`,
        ),
      ),
    );
    server.listen(port, host, () => server.close(() => done(good(`${host}:${port} is free`))));
  });

const checkMemory: Check = async ({ MEMORY_MB: kernel, SESSION_MB: sessions }) => {
  const megabytes = (bytes: number): number => Math.round(bytes / 1_048_576);
  // of the container, where it has a limit
  const limit = Math.min(totalmem(), process.constrainedMemory() || Infinity);
  const [total, free] = [megabytes(limit), megabytes(Math.min(freemem(), process.availableMemory()))];
  const may = `the settings allow ${kernel} MB of weights and states and ${sessions} MB of sessions`;
  return kernel + sessions > total
    ? warning(`${total} MB, and ${may}: lower UNROLL_MEMORY_MB or UNROLL_SESSION_MB`)
    : good(`${free} of ${total} MB are available; ${may}`);
};

const checkAccess: Check = async ({ HOST: host, API_KEYS_FILE: keys, OPEN: open }) => {
  const { isLoopback } = await import('../../access/without-keys.ts');
  if (keys !== '') {
    const { readKeys } = await import('../../access/keys-file.ts');
    try {
      return good(`${readKeys(keys).length} API keys in ${keys}`);
    } catch (error) {
      return bad((error as Error).message);
    }
  }
  if (isLoopback(host)) return good('no API keys: only this machine can reach the server');
  return warning(
    `no API keys, and ${host} can be reached from other machines: anybody can call the models${open ? ', train and administrate' : ''}`,
  );
};

/** What `unroll doctor` checks, in order. */
export const checks: Readonly<Record<string, Check>> = {
  node: checkNode,
  kernel: checkKernel,
  models: checkModels,
  data: checkData,
  port: checkPort,
  memory: checkMemory,
  access: checkAccess,
};
