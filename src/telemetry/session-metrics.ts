import { Counter, Gauge, type Registry } from 'prom-client';
import type { DurationHistogram } from './duration-histogram.ts';
import { createExternalHistogram } from './external-histogram.ts';

/** What the metrics of sessions are read from at a scrape. */
export interface MeasuredSessions {
  readonly counts: { readonly active: number; readonly evicted: number; readonly bytes: number };
  readonly tally: {
    readonly created: number;
    readonly leaseConflicts: number;
    readonly ended: { readonly deleted: number; readonly expired: number; readonly evicted: number };
    readonly snapshot: DurationHistogram;
    readonly restore: DurationHistogram;
  };
}

/** Registers the metrics of sessions. */
export function observeSessions(registry: Registry, sessions: MeasuredSessions): void {
  const registers = [registry];
  const { tally } = sessions;
  new Gauge({
    name: 'unroll_sessions',
    help: 'Sessions by where they are: active in memory, evicted on disk alone.',
    labelNames: ['state'] as const,
    registers,
    collect() {
      const { active, evicted } = sessions.counts;
      this.set({ state: 'active' }, active);
      this.set({ state: 'evicted' }, evicted);
    },
  });
  new Gauge({
    name: 'unroll_session_bytes',
    help: 'Bytes of memory for the states of sessions.',
    registers,
    collect() {
      this.set(sessions.counts.bytes);
    },
  });
  new Counter({
    name: 'unroll_sessions_created_total',
    help: 'Sessions that were begun, forks too.',
    registers,
    collect() {
      this.reset();
      this.inc(tally.created);
    },
  });
  new Counter({
    name: 'unroll_session_lease_conflicts_total',
    help: 'Calls whose write was refused, since another server had taken the session over (UNROLL_SESSIONS=redis).',
    registers,
    collect() {
      this.reset();
      this.inc(tally.leaseConflicts);
    },
  });
  new Counter({
    name: 'unroll_sessions_ended_total',
    help: 'Sessions that ended by being deleted or by expiring, and those that left memory for the disk (evicted).',
    labelNames: ['reason'] as const,
    registers,
    collect() {
      this.reset();
      for (const reason of ['deleted', 'expired', 'evicted'] as const)
        this.inc({ reason }, tally.ended[reason]);
    },
  });
  const histogram = (name: string, help: string, times: DurationHistogram): void =>
    registry.registerMetric(createExternalHistogram(name, help, times.bounds, () => [times]));
  histogram(
    'unroll_session_snapshot_seconds',
    'Time of a write of sessions to disk, of one or of many.',
    tally.snapshot,
  );
  histogram('unroll_session_restore_seconds', 'Time to bring a session back from disk.', tally.restore);
}
