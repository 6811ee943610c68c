/** Remembers the ids of the last sessions that expired, to tell them from those that never were. */
export interface GoneIds {
  add(id: string): void;
  has(id: string): boolean;
  delete(id: string): void;
}

export function createGoneIds(limit: number): GoneIds {
  const ids = new Set<string>();
  return {
    add(id) {
      ids.delete(id);
      ids.add(id);
      if (ids.size > limit) ids.delete(ids.values().next().value!);
    },
    has: (id) => ids.has(id),
    delete: (id) => void ids.delete(id),
  };
}
