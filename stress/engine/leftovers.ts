import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../../src/engine/engine-interface.ts';

const timeoutMs = 10_000;

/** Waits until an idle engine has no sequences left. @returns null, or its statistics after the timeout */
export async function findLeftovers(engine: Engine): Promise<string | null> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const stats = engine.stats();
    const { running, waiting, padding, unreconciled } = stats;
    if (running === 0 && waiting === 0 && padding === 0 && unreconciled === 0) return null;
    if (performance.now() > deadline) return JSON.stringify(stats);
    await delay(10);
  }
}
