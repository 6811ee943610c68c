// Ids are a name space of each API key: two keys may have sessions of one id, and neither sees that of the other.
// What stores keep is the id with the name of the key before it, which has no slash, as ids have none.

/** The id by which a session is stored. @param owner the name of its API key; null without one */
export const toStoredId = (owner: string | null, id: string): string =>
  owner === null ? id : `${owner}/${id}`;

/** The id that callers know. */
export const toOwnId = (storedId: string): string => storedId.slice(storedId.indexOf('/') + 1);

/** Whether a session is in the name space of an owner. */
export const belongsTo = (storedId: string, owner: string | null): boolean =>
  storedId === toStoredId(owner, toOwnId(storedId));
