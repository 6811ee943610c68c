import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../errors.ts';
import type { Publisher } from '../publisher.ts';
import type { Run } from './calls.ts';
import { toMessage } from './changes.ts';
import { keys } from './keys.ts';
import { deleteIfScript } from './scripts.ts';

/** The lock of a process that was killed expires. */
const lockMs = 60_000;
const retryMs = 100;

/** Publishes one version of a model at a time, over all processes, and has every server look for it. */
export function createRedisPublisher(publisher: Publisher, run: Run): Publisher {
  return {
    async publish(job, step, name) {
      const key = keys.publishing(name);
      const token = randomBytes(8).toString('hex');
      const deadline = performance.now() + 2 * lockMs;
      while ((await run((redis) => redis.set(key, token, 'PX', lockMs, 'NX'))) === null) {
        if (performance.now() > deadline)
          throw new UnrollError('training_unavailable', `model: "${name}" is being published by others`);
        await delay(retryMs);
      }
      try {
        const published = await publisher.publish(job, step, name);
        await run((redis) => redis.publish(keys.changes, toMessage({ kind: 'published' })));
        return published;
      } finally {
        await run((redis) => redis.eval(deleteIfScript, 1, key, token)).catch(() => {});
      }
    },
  };
}
