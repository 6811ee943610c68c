import { expect, test, vi } from 'vitest';
import { createReport } from '../../stress/scenario.ts';
import { runInRedis, runOnDisk, type SessionRun } from '../../stress/sessions/scenario.ts';
import { describeWhere } from '../support/needs.ts';
import { hasRedis, missingRedis } from '../support/redis-server.ts';

// Sessions of two keys on servers that are killed, stopped and ended while they are called: every answer is that of a
// history that the session could have. `npm run stress -- sessions` is the same for longer.

const seconds = 8;
// servers start and end several times, which takes minutes where the machine is loaded
vi.setConfig({ testTimeout: 300_000 });

async function findFaults(run: (options: SessionRun) => Promise<void>): Promise<readonly string[]> {
  const faults: string[] = [];
  const report = createReport('sessions', 1, (line) => faults.push(line));
  await run({ seed: 1, seconds, report });
  for (const what of ['steps', 'restore', 'rewind', 'fork', 'delete', 'state tokens'])
    expect(report.counts.get(what), what).toBeGreaterThan(0);
  return faults;
}

test('sessions with room for three in memory, through kill -9, SIGTERM and SIGSTOP', async () => {
  expect(await findFaults(runOnDisk)).toEqual([]);
});

describeWhere(hasRedis, missingRedis, 'with one Redis', () => {
  test('sessions of two servers, either of which is killed, ended, or stopped past its lease', async () => {
    expect(await findFaults(runInRedis)).toEqual([]);
  });
});
