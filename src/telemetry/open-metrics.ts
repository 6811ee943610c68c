// OpenMetrics 1.0, the successor of Prometheus' text format.

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Whether an `Accept` header gives OpenMetrics at least the weight of the text format, and names it. */
export function prefersOpenMetrics(accept: string): boolean {
  const weight = (type: string): number => {
    const ranges = accept.split(',').filter((range) => range.trim().toLowerCase().startsWith(type));
    return Math.max(0, ...ranges.map((range) => Number(/;\s*q=([\d.]+)/i.exec(range)?.[1] ?? 1)));
  };
  const own = weight('application/openmetrics-text');
  return own > 0 && own >= weight('text/plain');
}

/** Converts Prometheus' text format, in which every counter, and nothing else, has a name that ends in `_total`. */
export const toOpenMetrics = (text: string): string =>
  `${text.replaceAll(/^(# (?:HELP|TYPE) \w+)_total /gm, '$1 ').replaceAll(/\n{2,}/g, '\n')}# EOF\n`;
