/** The name that is fewest edits from a given one, at most half of the longer one; null where none is near. */
export function findNearestName(given: string, names: readonly string[]): string | null {
  const [best] = names
    .map((name) => ({ name, edits: countEdits(given.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits <= Math.max(given.length, name.length) / 2)
    .toSorted((a, b) => a.edits - b.edits);
  return best?.name ?? null;
}

/** Levenshtein's distance: insertions, deletions and replacements. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let column = 1; column <= to.length; column++)
      next.push(
        Math.min(
          next[column - 1]! + 1,
          row[column]! + 1,
          row[column - 1]! + (letter === to[column - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[to.length]!;
}
