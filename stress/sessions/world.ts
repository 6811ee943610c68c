import type { Sequence } from './sequence.ts';

/** What a session may be at a moment; null where there is none. */
export interface World {
  readonly sequence: Sequence;
  readonly marks: ReadonlyMap<string, Sequence>;
  /** The first position that it can be rewound to by its last steps. */
  readonly firstKept: number;
  readonly keepSteps: number;
  readonly durable: boolean;
}
export type MaybeWorld = World | null;

/** Equal for equal worlds. */
function toKey(world: MaybeWorld): string {
  if (world === null) return 'none';
  const { sequence, marks, firstKept, keepSteps, durable } = world;
  const names = [...marks].map(([name, { id }]) => `${name}:${id}`).toSorted();
  return [sequence.id, firstKept, keepSteps, durable, ...names].join(' ');
}

export const distinct = (worlds: readonly MaybeWorld[]): MaybeWorld[] => [
  ...new Map(worlds.map((world) => [toKey(world), world])).values(),
];

export function describeWorld(world: MaybeWorld): string {
  if (world === null) return 'no session';
  const marks = [...world.marks].map(([name, { length, id }]) => `${name} at ${length} #${id}`);
  return `at ${world.sequence.length} #${world.sequence.id}, kept from ${world.firstKept}, durable ${world.durable}, marks [${marks.join()}]`;
}
