import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random.ts';
import { request } from '../server/request.ts';
import type { ServerProcess } from '../server/server-process.ts';

/** When a round's server is killed. */
export interface KillMoment {
  readonly during: 'start' | 'training' | 'publishing' | 'loading';
  /** After the process began, it listens, a version or its draft appears, or loads began. */
  readonly delayMs: number;
  /** publishing: as soon as the model's folder is there, or its version. */
  readonly seen: 'folder' | 'version';
}

export function drawKillMoment(random: Random): KillMoment {
  const during = random.pick(['start', 'training', 'publishing', 'publishing', 'loading'] as const);
  const most = { start: 2000, training: 2000, publishing: 60, loading: 500 }[during];
  return { during, delayMs: random.int(0, most), seen: random.pick(['folder', 'version']) };
}

const longestWaitMs = 15_000;

/** Waits for the moment. `start` counts from the process's beginning, so it may come before the server listens. */
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
  const until = performance.now() + longestWaitMs;
  while (!hidden.some(existsSync) && server.exit === null && performance.now() < until) await delay(1);
}
