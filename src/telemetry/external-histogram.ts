import { Histogram } from 'prom-client';

/** A histogram whose counts are kept by their owner, such as a worker's shared memory, and read at a scrape. */
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
  // both readers, or the text format would still show prom-client's own empty counts
  return Object.assign(histogram, { get, getForPromString: get });
}
