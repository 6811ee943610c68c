/**
 * Extracts the spans of B-x, I-x and O labels as `start:end:x`. An I-x after no x starts a span, as in
 * conlleval.
 */
export function extractSpans(labels: readonly string[]): string[] {
  const spans: string[] = [];
  let start = 0;
  let kind: string | null = null;
  [...labels, 'O'].forEach((label, at) => {
    const labelKind = label === 'O' ? null : label.slice(2);
    const continues = label.startsWith('I-') && labelKind === kind;
    if (continues) return;
    if (kind !== null) spans.push(`${start}:${at}:${kind}`);
    start = at;
    kind = labelKind;
  });
  return spans;
}

/** Counts predicted and actual spans. */
export function createSpanCounter() {
  let predicted = 0;
  let actual = 0;
  let matched = 0;
  return {
    add(predictedSpans: readonly string[], actualSpans: readonly string[]): void {
      predicted += predictedSpans.length;
      actual += actualSpans.length;
      const actualSet = new Set(actualSpans);
      matched += predictedSpans.filter((span) => actualSet.has(span)).length;
    },
    /** Harmonic mean of precision and recall; 0 without spans. */
    f1: (): number => (predicted + actual === 0 ? 0 : (2 * matched) / (predicted + actual)),
  };
}
