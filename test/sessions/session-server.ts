import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { createLoader } from '../../src/repository/loader.ts';
import { createRepository } from '../../src/repository/repository.ts';
import { createSessions } from '../../src/sessions/sessions.ts';
import { createVersionKeeper } from '../../src/sessions/version-keeper.ts';
import type { TaskContext } from '../../src/tasks/context.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { modelFolder } from '../e2e/model-folder.ts';
import { openArchive, openStore, temporaryFolder } from './fixtures.ts';

// Sessions on a real engine with real models, in this process, with room for two of them in memory.

export const everything = { name: null, all: true } as const;

/** @param models to write besides the files of test/golden, by name */
export async function serveSessions(
  models: Readonly<Record<string, object>>,
  golden: Readonly<Record<string, string>> = {},
) {
  const folder = modelFolder([]);
  for (const [name, model] of Object.entries(models)) folder.write(name, 1, model);
  for (const [name, file] of Object.entries(golden)) {
    const version = join(folder.path, name, '1');
    mkdirSync(version, { recursive: true });
    cpSync(join(import.meta.dirname, '../golden', file), join(version, file.split('/').at(-1)!));
  }
  const kernel = createKernel({ mode: 'auto', memoryMegabytes: 128 });
  const engine = createEngine({ kernel, workers: 2, slots: 4, queue: 1000, maxSteps: 1000 });
  const log = createLogger('silent');
  const loader = createLoader({ kernel, sizes: { workers: 2, slots: 4, maxSteps: 1000 } });
  const repository = createRepository({ root: folder.path, loader, engine, log, watch: false });
  await repository.start();
  const context: TaskContext = {
    engine,
    repository,
    limits: {
      maxSteps: 1000,
      maxInputs: 100,
      maxTokens: 100,
      maxRequestSteps: 100_000,
      maxReplyBytes: 10_000_000,
      timeoutMs: 600_000,
      maxTimeoutMs: 600_000,
    },
  };
  const open = () =>
    createSessions({
      store: openStore(openArchive(temporaryFolder()), { maxSessions: 2, writeMs: 5 }),
      versions: createVersionKeeper(repository),
      context,
      ttlSeconds: 600,
    });
  return {
    context,
    repository,
    /** Two servers with stores of their own. */
    servers: [open(), open()] as const,
    async close(servers: readonly { close(): Promise<void> }[]) {
      for (const one of servers) await one.close();
      await repository.close();
      await engine.close();
      folder.remove();
    },
  };
}
