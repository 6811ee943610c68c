import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../src/engine/engine-interface.ts';

const patienceMs = 10_000;

/** Waits until an engine that nobody asks is empty. @returns its figures where it is not, or null */
export async function findLeftovers(engine: Engine): Promise<string | null> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const stats = engine.stats();
    const { running, waiting, padding, unreconciled } = stats;
    if (running === 0 && waiting === 0 && padding === 0 && unreconciled === 0) return null;
    if (performance.now() > until) return JSON.stringify(stats);
    await delay(10);
  }
}
