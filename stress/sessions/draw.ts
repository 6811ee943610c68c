import type { Random } from '../random.ts';
import type { Operation, TakenSnapshot } from './operation.ts';
import type { MaybeWorld } from './world.ts';

const markNames = ['a', 'b', 'c'];
/** Steps after which a session is rather deleted, so that whole sequences stay short. */
const longSequence = 120;
let drawn = 0;

/** Rows that no other call has. @param tag of the session */
export const drawRows = (random: Random, tag: number): number[][] =>
  Array.from({ length: random.int(1, 4) }, () => {
    const serial = drawn++;
    return [Math.sin(tag * 7 + serial), Math.cos(tag + 3 * serial)];
  });

interface Drawing {
  /** What the session may be. */
  readonly worlds: readonly MaybeWorld[];
  readonly tag: number;
  readonly snapshots: readonly TakenSnapshot[];
  readonly mayFork: boolean;
  /** Whether its id is taken again after its end. */
  readonly isNamed: boolean;
}

/** A call that makes sense in one of the worlds, mostly. */
export function drawOperation(
  random: Random,
  { worlds, tag, snapshots, mayFork, isNamed }: Drawing,
): Operation {
  const world = random.pick(worlds);
  const restore = (): Operation => ({ kind: 'restore', snapshot: random.pick(snapshots) });
  const steps = (): Operation => {
    const position = random.chance(0.3) ? (world?.sequence.length ?? 0) : undefined;
    return { kind: 'steps', rows: drawRows(random, tag), position, stream: random.chance(0.2) };
  };
  const draw = random.next();
  if (world === null) {
    if (isNamed && draw < 0.7)
      return { kind: 'begin', durable: random.chance(0.5), keepSteps: random.pick([0, 10, 50]) };
    if (isNamed && draw < 0.85 && snapshots.length > 0) return restore();
    return draw < 0.93 ? steps() : { kind: random.pick(['show', 'delete', 'fork'] as const) };
  }
  if (draw < 0.06 || (draw < 0.3 && world.sequence.length > longSequence)) return { kind: 'delete' };
  if (draw < 0.55) return steps();
  if (draw < 0.62) return { kind: 'mark', name: random.pick(markNames) };
  if (draw < 0.64) return { kind: 'unmark', name: random.pick(markNames) };
  if (draw < 0.71) return { kind: 'rewind', to: { mark: random.pick([...world.marks.keys(), 'a']) } };
  if (draw < 0.78)
    return { kind: 'rewind', to: { steps: random.int(0, Math.min(12, world.sequence.length)) } };
  if (draw < 0.84) return { kind: 'snapshot' };
  if (draw < 0.89 && snapshots.length > 0) return restore();
  if (draw < 0.94 && mayFork) return { kind: 'fork' };
  return { kind: 'show' };
}
