/** The first `limit` of items of which one more was asked for, as a list that says whether there are more. */
export const toListPage = <Item, View>(
  found: readonly Item[],
  limit: number,
  view: (item: Item) => View,
) => ({
  object: 'list' as const,
  data: found.slice(0, limit).map(view),
  has_more: found.length > limit,
});
