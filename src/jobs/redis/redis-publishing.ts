import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { Exclusively } from '../publisher.ts';
import type { Run } from './calls.ts';
import { toMessage } from './changes.ts';
import { keys } from './keys.ts';
import { deleteIfScript } from './scripts.ts';

/** The lock of a process that was killed expires. */
const lockMs = 60_000;
const retryMs = 100;

/** Has one process at a time name a version of a model, over all processes, and has every server look for it. */
export function createRedisPublishing(run: Run): Exclusively {
  return async ({ name }, work) => {
    const key = keys.publishing(name);
    const token = randomBytes(8).toString('hex');
    const deadline = performance.now() + 2 * lockMs;
    while ((await run((redis) => redis.set(key, token, 'PX', lockMs, 'NX'))) === null) {
      if (performance.now() > deadline)
        throw new UnrollError('training_unavailable', `model: "${name}" is being published by others`);
      await delay(retryMs);
    }
    try {
      const result = await work();
      await run((redis) => redis.publish(keys.changes, toMessage({ kind: 'published' })));
      return result;
    } finally {
      await run((redis) => redis.eval(deleteIfScript, 1, key, token)).catch(() => {});
    }
  };
}
