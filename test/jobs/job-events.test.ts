import { describe, expect, it } from 'vitest';
import { createJobEvents, type FollowedEvent } from '../../src/jobs/job-events.ts';
import { memoryStore } from './fixtures.ts';

const makeEvent = (message: string) =>
  ({ job: 'j', type: 'message', level: 'info', message, step: 0, data: {} }) as const;
async function collect(followed: AsyncGenerator<FollowedEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const one of followed)
    seen.push(one.kind === 'event' ? one.event.message : `progress ${one.progress.step}`);
  return seen;
}
const makeProgress = (step: number) =>
  ({ kind: 'progress', epoch: 0, step, steps: 9, loss: 1, stepsPerSecond: 1, secondsLeft: null }) as const;

describe('following a job', () => {
  it('yields every stored and new event once and in order, until the job has finished', async () => {
    let unfinished = true;
    const events = createJobEvents(memoryStore(), () => unfinished);
    const expected = Array.from({ length: 450 }, (_, i) => `event ${i}`);
    for (const message of expected.slice(0, 300)) void events.add(makeEvent(message));
    const seen = collect(events.follow('j', 0, new AbortController().signal));
    for (const message of expected.slice(300)) {
      await events.add(makeEvent(message));
      await Promise.resolve();
    }
    void events.add(makeEvent('last'));
    unfinished = false;
    events.ended('j');
    expect(await seen).toEqual([...expected, 'last']);
  });

  it('begins after a known event', async () => {
    const events = createJobEvents(memoryStore(), () => false);
    for (const message of ['a', 'b', 'c']) await events.add(makeEvent(message));
    const [, second] = await events.list('j', { limit: 9, after: 0 });
    expect(await collect(events.follow('j', second!.id, new AbortController().signal))).toEqual(['c']);
  });

  it('yields the latest progress, which is not stored', async () => {
    let unfinished = true;
    const events = createJobEvents(memoryStore(), () => unfinished);
    events.progress('j', makeProgress(1));
    events.progress('j', makeProgress(2));
    expect(events.lastProgress('j')).toMatchObject({ step: 2 });
    const followed = events.follow('j', 0, new AbortController().signal);
    expect((await followed.next()).value).toMatchObject({ kind: 'progress', progress: { step: 2 } });
    unfinished = false;
    events.ended('j');
    expect((await followed.next()).done).toBe(true);
    expect(events.lastProgress('j')).toBeNull();
    expect(await events.list('j', { limit: 9, after: 0 })).toEqual([]);
  });

  it('ends when the caller aborts', async () => {
    const events = createJobEvents(memoryStore(), () => true);
    const leaving = new AbortController();
    const seen = collect(events.follow('j', 0, leaving.signal));
    leaving.abort();
    expect(await seen).toEqual([]);
  });
});
