import { randomBytes } from 'node:crypto';
import { open, readFile, rm, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../errors.ts';

const lockFile = '.lock';
/** Work under the lock takes milliseconds: a lock of this age belongs to a process that was killed. */
const staleMs = 10_000;
/** In the lock's file. A process in a container has the pid of the one before it. */
const owner = { host: hostname(), pid: process.pid, token: randomBytes(8).toString('hex') };
const waitMs = 15_000;
const retryMs = 20;

/**
 * Runs `work` while no other process, or call of this one, changes the versions and aliases of a model.
 * @param home the model's folder, which exists
 * @throws UnrollError in_use when others hold the lock for too long, models_read_only, disk_full; whatever `work` throws
 */
export async function withFolderLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const path = join(home, lockFile);
  const deadline = performance.now() + waitMs;
  let file: FileHandle | null = null;
  while (!file) {
    try {
      file = await open(path, 'wx');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toWriteError(error) ?? error;
      if (await isStale(path)) await rm(path, { force: true });
      else if (performance.now() > deadline)
        throw new UnrollError('in_use', 'another process changes the versions of this model', {
          cause: error,
        });
      else await delay(retryMs);
    }
  }
  try {
    await file.writeFile(JSON.stringify(owner));
    return await work();
  } catch (error) {
    throw toWriteError(error) ?? error;
  } finally {
    await file.close();
    await rm(path, { force: true });
  }
}

/** Whether the process that made a lock has ended: at once where it was one of this machine. */
async function isStale(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (!found) return false;
  if (Date.now() - found.mtimeMs > staleMs) return true;
  try {
    const other = JSON.parse(await readFile(path, 'utf8')) as Partial<typeof owner>;
    if (other.host !== owner.host || typeof other.pid !== 'number') return false;
    return other.pid === owner.pid ? other.token !== owner.token : !isRunning(other.pid);
  } catch {
    // gone, or not written yet
    return false;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The error of a models folder that cannot be written; null for other errors. */
export function toWriteError(error: unknown): UnrollError | null {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (['EACCES', 'EROFS', 'EPERM'].includes(code))
    return new UnrollError(
      'models_read_only',
      `the models folder (UNROLL_MODELS) cannot be written: ${code}`,
      { cause: error },
    );
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new UnrollError('disk_full', 'the disk of UNROLL_MODELS is full', { cause: error });
  return null;
}
