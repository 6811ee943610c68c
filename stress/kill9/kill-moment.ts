import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { request } from '../server/request.ts';
import type { ServerProcess } from '../server/server-process.ts';

/** When the server of a round is killed. */
export interface KillMoment {
  readonly during: 'start' | 'training' | 'publishing' | 'loading';
  /**
   * Delay after the process starts, listens, a model's folder or version appears, or loading begins, by
   * `during`.
   */
  readonly delayMs: number;
  /** publishing: once the model's folder or its version exists. */
  readonly seen: 'folder' | 'version';
}

export function drawKillMoment(random: Random): KillMoment {
  const during = random.pick(['start', 'training', 'publishing', 'publishing', 'loading'] as const);
  const maxDelayMs = { start: 2000, training: 2000, publishing: 60, loading: 500 }[during];
  return { during, delayMs: random.int(0, maxDelayMs), seen: random.pick(['folder', 'version']) };
}

const maxWaitMs = 15_000;

/**
 * Waits for the moment. `start` counts from the start of the process, so it may pass before the server
 * listens.
 */
export async function waitForKillMoment(
  { during, delayMs, seen }: KillMoment,
  server: ServerProcess,
  { models, pending, served }: { models: string; pending: readonly string[]; served: readonly string[] },
): Promise<void> {
  if (during === 'publishing') await waitForPublishing(server, models, pending, seen);
  if (during === 'loading')
    for (const name of served) {
      const now = new Date();
      utimesSync(join(models, name, '1', 'model.json'), now, now);
      void request(server.port, { method: 'POST', path: `/v2/repository/models/${name}/load` });
    }
  await delay(delayMs);
}

async function waitForPublishing(
  server: ServerProcess,
  models: string,
  pending: readonly string[],
  seen: KillMoment['seen'],
): Promise<void> {
  const places = pending.map((name) => (seen === 'folder' ? join(models, name) : join(models, name, '1')));
  const hidden = places.filter((place) => !existsSync(place));
  const deadline = performance.now() + maxWaitMs;
  while (!hidden.some(existsSync) && server.exit === null && performance.now() < deadline) await delay(1);
}
