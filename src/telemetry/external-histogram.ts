import { Histogram } from 'prom-client';

/** The counts of one set of labels: of each bucket, and the sum of all values. */
export interface ExternalCounts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly counts: readonly number[];
  readonly sum: number;
}

/**
 * Creates a histogram whose counts are stored elsewhere, such as in shared memory, and read at a scrape.
 * @param bounds upper bounds of the buckets, the last one Infinity
 */
export function createExternalHistogram(
  name: string,
  help: string,
  bounds: readonly number[],
  read: () => readonly ExternalCounts[],
): Histogram {
  const histogram = new Histogram({ name, help, buckets: bounds.filter(Number.isFinite), registers: [] });
  const toValues = ({ labels = {}, counts, sum }: ExternalCounts) => {
    const value = (suffix: string, number: number, le?: number) => ({
      metricName: `${name}_${suffix}`,
      labels: le === undefined ? labels : { le: Number.isFinite(le) ? le : '+Inf', ...labels },
      value: number,
    });
    let total = 0;
    const buckets = bounds.map((bound, i) => value('bucket', (total += counts[i]!), bound));
    return [...buckets, value('sum', sum), value('count', total)];
  };
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: read().flatMap(toValues),
  });
  // both methods: the text format would otherwise show prom-client's own empty counts
  return Object.assign(histogram, { get, getForPromString: get });
}
