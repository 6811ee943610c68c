import { explain } from './explain.ts';
import type { Call } from './operation.ts';
import type { Oracle } from './oracle.ts';
import { describeWorld, distinct, type MaybeWorld } from './world.ts';

/** All that a session may be, by the answers of its calls so far. */
export interface PossibleWorlds {
  readonly now: readonly MaybeWorld[];
  /** Takes in calls that ran at the same time. @returns whether their answers are possible */
  add(calls: readonly Call[]): Promise<boolean>;
  /** Its server was killed: what was not durable may be what it was up to so long ago. */
  lose(sinceMs: number): void;
  describe(): string;
}

interface Moment {
  readonly atMs: number;
  readonly worlds: readonly MaybeWorld[];
}

export function createPossibleWorlds(first: readonly MaybeWorld[], oracle: Oracle): PossibleWorlds {
  let now = distinct(first);
  // before it began there was none
  let past: Moment[] = [
    { atMs: -Infinity, worlds: [null] },
    { atMs: performance.now(), worlds: now },
  ];

  /** Every order in which the calls may have run. @returns the worlds after them */
  async function search(
    world: MaybeWorld,
    left: readonly Call[],
    path: readonly (readonly [Call, MaybeWorld])[],
    between: MaybeWorld[],
  ): Promise<MaybeWorld[]> {
    if (left.length === 0) {
      for (const [call, found] of path) if (found) call.found.add(found);
      between.push(...path.slice(1).map(([, found]) => found));
      return [world];
    }
    const ends: MaybeWorld[] = [];
    for (const call of left) {
      const others = left.filter((one) => one !== call);
      for (const next of distinct(await explain(world, call.operation, call.answer, oracle)))
        ends.push(...(await search(next, others, [...path, [call, world]], between)));
    }
    return ends;
  }

  return {
    get now() {
      return now;
    },
    async add(calls) {
      const ends: MaybeWorld[] = [];
      /** What may have been written while they ran. */
      const between: MaybeWorld[] = [];
      for (const world of now) ends.push(...(await search(world, calls, [], between)));
      if (ends.length === 0) return false;
      now = distinct(ends);
      // what was deleted does not come back
      const isGone = now.every((world) => world === null);
      if (isGone) past = [];
      past.push({ atMs: performance.now(), worlds: isGone ? now : distinct([...between, ...now]) });
      return true;
    },
    lose(sinceMs) {
      const lost = now.filter((world) => world === null || !world.durable);
      if (lost.length === 0) return;
      const first = past.findLastIndex(({ atMs }) => atMs < sinceMs);
      const earlier = past.slice(Math.max(0, first)).flatMap(({ worlds }) => worlds);
      now = distinct([...now, ...earlier]);
      past = [{ atMs: performance.now(), worlds: now }];
    },
    describe: () => now.map(describeWorld).join('; or '),
  };
}
