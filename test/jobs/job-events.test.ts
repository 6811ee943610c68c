import { describe, expect, it } from 'vitest';
import { createJobEvents, type FollowedEvent } from '../../src/jobs/job-events.ts';
import { memoryStore } from './fixtures.ts';

const say = (message: string) =>
  ({ job: 'j', type: 'message', level: 'info', message, step: 0, data: {} }) as const;
async function collect(followed: AsyncGenerator<FollowedEvent>): Promise<string[]> {
  const seen: string[] = [];
  for await (const one of followed)
    seen.push(one.kind === 'event' ? one.event.message : `progress ${one.progress.step}`);
  return seen;
}
const progressOf = (step: number) =>
  ({ kind: 'progress', epoch: 0, step, steps: 9, loss: 1, stepsPerSecond: 1, secondsLeft: null }) as const;

describe('following a job', () => {
  it('gives every event once and in order, those from before and those to come, until it is over', async () => {
    let unfinished = true;
    const events = createJobEvents(memoryStore(), () => unfinished);
    const expected = Array.from({ length: 450 }, (_, i) => `event ${i}`);
    for (const message of expected.slice(0, 300)) void events.add(say(message));
    const seen = collect(events.follow('j', 0, new AbortController().signal));
    for (const message of expected.slice(300)) {
      await events.add(say(message));
      await Promise.resolve();
    }
    void events.add(say('last'));
    unfinished = false;
    events.ended('j');
    expect(await seen).toEqual([...expected, 'last']);
  });

  it('begins after the event that is known', async () => {
    const events = createJobEvents(memoryStore(), () => false);
    for (const message of ['a', 'b', 'c']) await events.add(say(message));
    const [, second] = await events.list('j', { limit: 9, after: 0 });
    expect(await collect(events.follow('j', second!.id, new AbortController().signal))).toEqual(['c']);
  });

  it('shows the latest progress, which is not stored', async () => {
    let unfinished = true;
    const events = createJobEvents(memoryStore(), () => unfinished);
    events.progress('j', progressOf(1));
    events.progress('j', progressOf(2));
    expect(events.lastProgress('j')).toMatchObject({ step: 2 });
    const followed = events.follow('j', 0, new AbortController().signal);
    expect((await followed.next()).value).toMatchObject({ kind: 'progress', progress: { step: 2 } });
    unfinished = false;
    events.ended('j');
    expect((await followed.next()).done).toBe(true);
    expect(events.lastProgress('j')).toBeNull();
    expect(await events.list('j', { limit: 9, after: 0 })).toEqual([]);
  });

  it('ends when the caller leaves', async () => {
    const events = createJobEvents(memoryStore(), () => true);
    const leaving = new AbortController();
    const seen = collect(events.follow('j', 0, leaving.signal));
    leaving.abort();
    expect(await seen).toEqual([]);
  });
});
