import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { addDuration } from '../../src/telemetry/duration-histogram.ts';
import { observeSessions } from '../../src/telemetry/session-metrics.ts';
import { createSessionTally } from '../../src/sessions/session-tally.ts';

it('reads the counts of sessions at each scrape', async () => {
  const registry = new Registry();
  const sessions = { counts: { active: 3, evicted: 0, bytes: 4096 }, tally: createSessionTally() };
  observeSessions(registry, sessions);
  await registry.metrics();
  sessions.counts = { active: 2, evicted: 9, bytes: 8192 };
  sessions.tally.created = 12;
  sessions.tally.ended.deleted = 1;
  sessions.tally.ended.evicted = 9;
  addDuration(sessions.tally.restore, 3);
  const lines = (await registry.metrics()).split('\n');
  for (const line of [
    'unroll_sessions{state="active"} 2',
    'unroll_sessions{state="evicted"} 9',
    'unroll_session_bytes 8192',
    'unroll_sessions_created_total 12',
    'unroll_sessions_ended_total{reason="deleted"} 1',
    'unroll_sessions_ended_total{reason="expired"} 0',
    'unroll_sessions_ended_total{reason="evicted"} 9',
    'unroll_session_snapshot_seconds_count 0',
    'unroll_session_restore_seconds_count 1',
    'unroll_session_restore_seconds_sum 0.003',
    'unroll_session_restore_seconds_bucket{le="0.0025"} 0',
    'unroll_session_restore_seconds_bucket{le="0.005"} 1',
  ])
    expect(lines).toContain(line);
});
