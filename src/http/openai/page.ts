import { invalidField } from '../../tasks/invalid-field.ts';
import { toListPage } from '../list-page.ts';

export interface PageQuery {
  readonly limit: number;
  /** Id of the last item of the page before. */
  readonly after?: string | undefined;
}

/** The items after `after`, as a list of OpenAI's. @throws UnrollError invalid_request */
export function toPage<T extends { readonly id: string }>(items: readonly T[], { limit, after }: PageQuery) {
  const last = after === undefined ? -1 : items.findIndex(({ id }) => id === after);
  if (after !== undefined && last < 0) invalidField('after', `nothing in the list has the id ${after}`);
  return toListPage(items.slice(last + 1), limit, (item) => item);
}
