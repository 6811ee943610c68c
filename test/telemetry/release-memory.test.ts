import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { releaseMemoryWhenIdle } from '../../src/telemetry/release-memory.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the memory of an idle server', () => {
  it('is released once after the start and once after each burst of work', () => {
    let work = 0;
    const collect = vi.fn();
    const release = releaseMemoryWhenIdle(
      () => work,
      () => false,
      collect,
    );
    vi.advanceTimersByTime(60_000);
    expect(collect).toHaveBeenCalledTimes(1);
    for (let second = 0; second < 10; second++) {
      work += 5;
      vi.advanceTimersByTime(1000);
    }
    expect(collect).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(collect).toHaveBeenCalledTimes(2);
    work++;
    release.stop();
    vi.advanceTimersByTime(60_000);
    expect(collect).toHaveBeenCalledTimes(2);
  });

  it('is not released while a request is answered', () => {
    let busy = true;
    const collect = vi.fn();
    releaseMemoryWhenIdle(
      () => 0,
      () => busy,
      collect,
    );
    vi.advanceTimersByTime(60_000);
    expect(collect).not.toHaveBeenCalled();
    busy = false;
    vi.advanceTimersByTime(60_000);
    expect(collect).toHaveBeenCalledTimes(1);
  });

  it("is released by V8's own collector", async () => {
    vi.useRealTimers();
    const garbage = new WeakRef({});
    releaseMemoryWhenIdle(
      () => 0,
      () => false,
    );
    const isCollected = await vi.waitUntil(() => garbage.deref() === undefined, {
      timeout: 30_000,
      interval: 200,
    });
    expect(isCollected).toBe(true);
  });
});
