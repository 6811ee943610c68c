import { Histogram } from 'prom-client';

/**
 * Creates a histogram whose counts are stored elsewhere, such as in shared memory, and read at a scrape.
 * @param bounds upper bounds of the buckets, the last one Infinity
 * @param read returns the count of each bucket, and the sum of all values
 */
export function createExternalHistogram(
  name: string,
  help: string,
  bounds: readonly number[],
  read: () => { readonly counts: readonly number[]; readonly sum: number },
): Histogram {
  const histogram = new Histogram({ name, help, buckets: bounds.filter(Number.isFinite), registers: [] });
  const value = (suffix: string, number: number, labels: Record<string, string | number> = {}) => ({
    metricName: `${name}_${suffix}`,
    labels,
    value: number,
  });
  const get = async () => {
    const { counts, sum } = read();
    let total = 0;
    const buckets = bounds.map((bound, i) => {
      total += counts[i]!;
      return value('bucket', total, { le: Number.isFinite(bound) ? bound : '+Inf' });
    });
    return {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [...buckets, value('sum', sum), value('count', total)],
    };
  };
  // both methods: the text format would otherwise show prom-client's own empty counts
  return Object.assign(histogram, { get, getForPromString: get });
}
