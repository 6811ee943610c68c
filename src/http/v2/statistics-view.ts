import type { z } from 'zod';
import type { CallTotals } from '../../repository/model-statistics.ts';
import type { ModelListing } from '../../repository/repository-interface.ts';
import type { modelStatistics } from './statistics-schema.ts';

// A version's statistics in the format of Triton's extension to the inference protocol.

type Shown = z.output<typeof modelStatistics>['model_stats'][number];

const none = { count: 0, ns: 0 };
const toDuration = ({ count, ms }: CallTotals): { count: number; ns: number } => ({
  count,
  ns: Math.round(ms * 1e6),
});

export function toStatistics({ name, version, statistics }: ModelListing): Shown {
  const { lastRequestAt, success, fail, queue, run, input, output, batches } = statistics.report();
  return {
    name,
    version: String(version),
    last_inference: lastRequestAt,
    inference_count: run.count,
    execution_count: batches.reduce((sum, { count }) => sum + count, 0),
    inference_stats: {
      success: toDuration(success),
      fail: toDuration(fail),
      queue: toDuration(queue),
      compute_input: toDuration(input),
      compute_infer: toDuration(run),
      compute_output: toDuration(output),
      cache_hit: none,
    },
    // a batch reads its input and writes its output while it runs, so there is a single time
    batch_stats: batches.map(({ rows, count, ns }) => ({
      batch_size: rows,
      compute_input: none,
      compute_infer: { count, ns },
      compute_output: none,
    })),
  };
}
