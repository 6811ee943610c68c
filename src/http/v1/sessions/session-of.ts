import type { Caller } from '../../../access/caller.ts';
import { toStoredId } from '../../../sessions/session-id.ts';

/** Whose session a request means: the caller's unless it says another's. */
export interface OwnerQuery {
  readonly owner?: string | undefined;
}

/** The name of an owner; an empty one is that of sessions that were made without a key. */
export const readOwner = ({ owner }: OwnerQuery): string | null | undefined => (owner === '' ? null : owner);

/** The stored id of the session that a request names. */
export function sessionOf(id: string, caller: Pick<Caller, 'name'>, query: OwnerQuery): string {
  const owner = readOwner(query);
  return toStoredId(owner === undefined ? caller.name : owner, id);
}
