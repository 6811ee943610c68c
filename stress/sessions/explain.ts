import { isDeepStrictEqual } from 'node:util';
import type { Oracle } from './oracle.ts';
import type { Answer, Operation } from './operation.ts';
import { append, createSequence, withoutLast, type Sequence } from './sequence.ts';
import type { MaybeWorld, World } from './world.ts';

// What a call does to a session, and whether that explains its answer.

/** Refusals that may come whatever the session is: the call has changed nothing. */
const refusals: ReadonlySet<string> = new Set([
  'session_busy',
  'session_ending',
  'session_lost',
  'sessions_full',
  'shutting_down',
  'overloaded',
  'event_loop_delayed',
  'model_not_ready',
]);

/** One thing that a call can do. */
interface Effect {
  readonly next: MaybeWorld;
  /** The code of its refusal; null where it is answered with 200. */
  readonly code: string | null;
  /** What the answer's body has to be, where it is not the session. */
  readonly fits?: (body: Readonly<Record<string, unknown>>) => boolean | Promise<boolean>;
}

/** @returns the worlds after a call that found the session in `world`; none where the answer is impossible */
export async function explain(
  world: MaybeWorld,
  operation: Operation,
  answer: Answer,
  oracle: Oracle,
): Promise<readonly MaybeWorld[]> {
  const effects = listEffects(world, operation, oracle);
  // the write may have been made though its answer was lost
  if (answer === null || answer.code === 'sessions_unavailable')
    return [world, ...effects.map(({ next }) => next)];
  const { code, body } = answer;
  if (code !== null && (refusals.has(code) || isLateRefusal(operation, world, code))) return [world];
  const next: MaybeWorld[] = [];
  for (const effect of effects)
    if (effect.code === code && (code !== null || (await (effect.fits ?? isView(effect.next))(body))))
      next.push(effect.next);
  return next;
}

/** A restoring call that found no session, and then one that another call began. */
const isLateRefusal = ({ kind }: Operation, world: MaybeWorld, code: string): boolean =>
  kind === 'restore' && world !== null && code === 'session_exists';

function listEffects(world: MaybeWorld, operation: Operation, oracle: Oracle): readonly Effect[] {
  const refused = (code: string): readonly Effect[] => [{ next: world, code }];
  if (operation.kind === 'begin') {
    if (world) return refused('session_exists');
    const { durable, keepSteps } = operation;
    return [{ next: beginAt(createSequence(), { durable, keepSteps }), code: null }];
  }
  if (operation.kind === 'restore')
    return operation.snapshot.sequences.map((sequence) => ({
      next: world
        ? { ...world, sequence, firstKept: sequence.length }
        : beginAt(sequence, { durable: false, keepSteps: 0 }),
      code: null,
    }));
  if (!world) return refused('session_not_found');
  const { sequence, marks } = world;
  switch (operation.kind) {
    case 'show':
      return [{ next: world, code: null }];
    case 'snapshot':
      return [{ next: world, code: null, fits: () => true }];
    case 'fork':
      return [{ next: world, code: null, fits: ({ data }) => isForkOf(world, data) }];
    case 'delete':
      return [{ next: null, code: null, fits: ({ deleted }) => deleted === true }];
    case 'steps': {
      const { rows, position } = operation;
      if (position !== undefined && position !== sequence.length) return refused('session_conflict');
      const after = append(sequence, rows);
      return [
        {
          next: { ...world, sequence: after },
          code: null,
          fits: ({ predictions, session }) =>
            (session as { position?: number } | undefined)?.position === after.length &&
            oracle.matches(after, (predictions as [{ output: unknown }] | undefined)?.[0].output),
        },
      ];
    }
    case 'mark':
      return [{ next: { ...world, marks: new Map([...marks, [operation.name, sequence]]) }, code: null }];
    case 'unmark': {
      if (!marks.has(operation.name)) return refused('mark_not_found');
      const others = new Map([...marks].filter(([name]) => name !== operation.name));
      return [{ next: { ...world, marks: others }, code: null }];
    }
    case 'rewind':
      return rewind(world, operation.to);
  }
}

function rewind(world: World, to: { readonly mark: string } | { readonly steps: number }): readonly Effect[] {
  const { sequence, marks, keepSteps, firstKept } = world;
  if ('mark' in to) {
    const marked = marks.get(to.mark);
    if (!marked) return [{ next: world, code: 'mark_not_found' }];
    return [{ next: { ...world, sequence: marked, firstKept: marked.length }, code: null }];
  }
  const { steps } = to;
  if (steps > 0 && (steps > keepSteps || sequence.length - steps < firstKept))
    return [{ next: world, code: 'invalid_request' }];
  return [{ next: { ...world, sequence: withoutLast(sequence, steps) }, code: null }];
}

const beginAt = (sequence: Sequence, more: Pick<World, 'durable' | 'keepSteps'>): World => ({
  sequence,
  marks: new Map(),
  firstKept: sequence.length,
  ...more,
});

/** The session that a fork begins as. */
export const forkOf = ({ sequence, durable, keepSteps }: World): World =>
  beginAt(sequence, { durable, keepSteps });

const isForkOf = (world: World, data: unknown): boolean =>
  Array.isArray(data) && data.length === 1 && isView(forkOf(world))(data[0] as Record<string, unknown>);

/** Whether a reply shows the session as it is. */
const isView =
  (world: MaybeWorld) =>
  (body: Readonly<Record<string, unknown>>): boolean =>
    world !== null &&
    body['position'] === world.sequence.length &&
    body['durable'] === world.durable &&
    body['keep_steps'] === world.keepSteps &&
    isDeepStrictEqual(
      new Map(
        (body['marks'] as { name: string; position: number }[]).map((mark) => [mark.name, mark.position]),
      ),
      new Map([...world.marks].map(([name, { length }]) => [name, length])),
    );
