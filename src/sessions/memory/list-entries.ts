import type { Session } from '../session.ts';
import type { ListQuery } from '../session-store.ts';

type Aged = Pick<Session, 'id' | 'createdAt'>;

/** The order of lists: the newest first; of the same second, by id. */
const compareAges = (a: Aged, b: Aged): number =>
  b.createdAt - a.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/**
 * The first of those that match, in order: one pass, since there may be a hundred thousand.
 * @param after the last of the page before
 */
export function selectPage<T extends Aged & Pick<Session, 'owner' | 'model'>>(
  all: Iterable<T>,
  { limit, owner, model }: Omit<ListQuery, 'after'>,
  after: Aged | null,
): T[] {
  const page: T[] = [];
  for (const one of all) {
    if (owner !== undefined && one.owner !== owner) continue;
    if (model !== undefined && one.model !== model) continue;
    if (after && compareAges(one, after) <= 0) continue;
    if (page.length === limit && compareAges(one, page.at(-1)!) > 0) continue;
    const at = page.findIndex((other) => compareAges(one, other) < 0);
    page.splice(at < 0 ? page.length : at, 0, one);
    if (page.length > limit) page.pop();
  }
  return page;
}
