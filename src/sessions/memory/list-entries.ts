import type { Session } from '../session.ts';
import type { Aged, PageQuery } from '../session-store.ts';
import { toSession, type Entry } from './entry.ts';
import { isExpired } from './locate.ts';

/** The order of lists: the newest first; of the same time, by id. */
const compareAges = (a: Aged, b: Aged): number =>
  b.createdAt - a.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * The first of the sessions in memory that match, in order: one pass, since there may be a hundred thousand.
 * @param after the last of the page before
 */
export function selectEntries(
  all: Iterable<Entry>,
  { limit, owner, model }: PageQuery,
  after: Aged | null,
): Session[] {
  const page: Entry[] = [];
  for (const one of all) {
    if (owner !== undefined && one.shared.owner !== owner) continue;
    if (model !== undefined && one.shared.model !== model) continue;
    if (after && compareAges(one, after) <= 0) continue;
    if (page.length === limit && compareAges(one, page.at(-1)!) > 0) continue;
    if (isExpired(one)) continue;
    const at = page.findIndex((other) => compareAges(one, other) < 0);
    page.splice(at < 0 ? page.length : at, 0, one);
    if (page.length > limit) page.pop();
  }
  return page.map(toSession);
}

/** The page of both together. Of a session in both, that in memory is the later. */
export function mergePage(
  inMemory: readonly Session[],
  onDisk: readonly Session[],
  limit: number,
): Session[] {
  const ids = new Set(inMemory.map(({ id }) => id));
  return [...inMemory, ...onDisk.filter(({ id }) => !ids.has(id))].toSorted(compareAges).slice(0, limit);
}
