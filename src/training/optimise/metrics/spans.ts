/** Spans of a sequence of B-x, I-x and O, as `start:end:x`. An I-x that continues nothing starts a span (conlleval's way). */
export function extractSpans(labels: readonly string[]): string[] {
  const spans: string[] = [];
  let start = 0;
  let kind: string | null = null;
  [...labels, 'O'].forEach((label, at) => {
    const own = label === 'O' ? null : label.slice(2);
    const goes = label.startsWith('I-') && own === kind;
    if (goes) return;
    if (kind !== null) spans.push(`${start}:${at}:${kind}`);
    start = at;
    kind = own;
  });
  return spans;
}

/** Counts spans that were said and those that hold. */
export function createSpanCounter() {
  let said = 0;
  let held = 0;
  let both = 0;
  return {
    add(saidSpans: readonly string[], heldSpans: readonly string[]): void {
      said += saidSpans.length;
      held += heldSpans.length;
      const there = new Set(heldSpans);
      both += saidSpans.filter((span) => there.has(span)).length;
    },
    /** Harmonic mean of precision and recall; 0 where there is nothing. */
    f1: (): number => (said + held === 0 ? 0 : (2 * both) / (said + held)),
  };
}
