import { isDecided, type Comparison } from '../job.ts';
import type { ComparisonRecords } from '../comparisons/comparison-records.ts';
import { nextComparisonStatus } from '../comparisons/comparison-transitions.ts';
import type { JobStore } from '../store/store.ts';
import { parseComparisonRow, parseJsonObject } from '../store/stored-rows.ts';
import type { RedisCalls } from './calls.ts';
import { keys } from './keys.ts';
import { replaceFieldScript } from './scripts.ts';

/** Comparisons in Redis: a transition is made by the process that is first. */
export function createRedisComparisonRecords(calls: RedisCalls, store: JobStore): ComparisonRecords {
  return {
    find: (id) => store.comparison(id),
    async undecided(id) {
      const found = await store.comparison(id);
      return found && !isDecided(found.status) ? found : null;
    },
    list: () => store.comparisons(),
    add: (comparison) => store.saveComparison(comparison),
    async apply(id, action, changes = {}) {
      for (;;) {
        const body = await calls.call((redis) => redis.hget(keys.comparisonBodies, id));
        const before = parseComparisonRow(parseJsonObject(body), () => 'failed');
        const status = before ? nextComparisonStatus(before.status, action) : null;
        if (body === null || !before || status === null) return null;
        const comparison: Comparison = { ...before, ...changes, status };
        const text = JSON.stringify(comparison);
        const replaced = await calls.call((redis) =>
          redis.eval(replaceFieldScript, 1, keys.comparisonBodies, id, body, text),
        );
        if (replaced === 1) return { comparison, saved: Promise.resolve() };
      }
    },
    restore() {},
    restored: () => [],
  };
}
