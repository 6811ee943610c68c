import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLimitedLog } from '../../src/telemetry/limited-log.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

it('writes the first message, then one per interval with the number of omitted messages', () => {
  const written: unknown[] = [];
  const log = createLimitedLog((fields, message) => written.push([fields, message]), 1000);
  for (let i = 0; i < 4; i++) log({ i }, 'again');
  vi.advanceTimersByTime(1000);
  log({ i: 4 }, 'again');
  expect(written).toEqual([
    [{ i: 0 }, 'again'],
    [{ i: 4, omitted: 3 }, 'again'],
  ]);
});
