import type { CallQueue } from '../call-queue.ts';
import type { Linked } from '../../recency-list.ts';
import type { Mark, Session, Stretch } from '../session.ts';
import type { StateSlab } from '../state-slab.ts';

// A session in memory: as few bytes besides its state as can be, since there may be a hundred thousand.

/** What many sessions have in common, kept once for all of them. */
export type Shared = Pick<
  Session,
  'owner' | 'model' | 'version' | 'weightsHash' | 'ttlMs' | 'durable' | 'keepSteps'
>;

export interface Entry extends Linked<Entry> {
  readonly id: string;
  readonly shared: Shared;
  readonly createdAt: number;
  steps: number;
  pendingId: number | null;
  /** Row of the state in `slab`; −1 for the network's initial state. */
  row: number;
  slab: StateSlab | null;
  /** Null for a session without marks and history. */
  extras: { readonly marks: readonly Mark[]; readonly history: readonly Stretch[] } | null;
  /** Milliseconds on the clock of performance.now(). */
  touchedMs: number;
  /** The calls that it has; null for none. */
  queue: CallQueue | null;
  /** Whether the archive may have it too, perhaps as it was before. */
  archived: boolean;
}

/** Finds what a session has in common with others. */
export function createSharedParts(): (session: Shared) => Shared {
  const parts = new Map<string, WeakRef<Shared>>();
  return ({ owner, model, version, weightsHash, ttlMs, durable, keepSteps }) => {
    const key = JSON.stringify([owner, model, version, weightsHash, ttlMs, durable, keepSteps]);
    const known = parts.get(key)?.deref();
    if (known) return known;
    for (const [old, reference] of parts) if (!reference.deref()) parts.delete(old);
    const shared = { owner, model, version, weightsHash, ttlMs, durable, keepSteps };
    parts.set(key, new WeakRef(shared));
    return shared;
  };
}

const none: readonly [] = [];

/** A string of its own: one that was joined, or cut from a request, keeps its parts. */
const copyText = (text: string): string => Buffer.from(text).toString();

export const toSession = (entry: Entry): Session => ({
  ...entry.shared,
  id: entry.id,
  createdAt: entry.createdAt,
  steps: entry.steps,
  pendingId: entry.pendingId,
  state: entry.slab && entry.row >= 0 ? entry.slab.read(entry.row) : null,
  marks: entry.extras?.marks ?? none,
  history: entry.extras?.history ?? none,
});

export const createEntry = (session: Session, shared: Shared): Entry => ({
  id: copyText(session.id),
  shared,
  createdAt: session.createdAt,
  steps: 0,
  pendingId: null,
  row: -1,
  slab: null,
  extras: null,
  touchedMs: 0,
  queue: null,
  archived: false,
  older: null,
  newer: null,
});

/** Writes what changes from call to call. @param slab of states of this length */
export function updateEntry(
  entry: Entry,
  { steps, pendingId, state, marks, history }: Session,
  slab: (length: number) => StateSlab,
): void {
  entry.steps = steps;
  entry.pendingId = pendingId;
  entry.extras = marks.length + history.length === 0 ? null : { marks, history };
  if (state === null || state.length === 0) return freeState(entry);
  if (entry.slab?.length === state.length && entry.row >= 0) return entry.slab.write(entry.row, state);
  freeState(entry);
  entry.slab = slab(state.length);
  entry.row = entry.slab.add(state);
}

export function freeState(entry: Entry): void {
  if (entry.row >= 0) entry.slab?.free(entry.row);
  entry.row = -1;
}

/** Bytes of its state, its marks and its last steps. */
export function countBytes({ slab, row, extras }: Entry): number {
  let bytes = row >= 0 ? slab!.length * 4 : 0;
  for (const { state } of extras?.marks ?? none) bytes += state?.byteLength ?? 0;
  for (const { from, input } of extras?.history ?? none)
    bytes += (from.state?.byteLength ?? 0) + input.byteLength;
  return bytes;
}
