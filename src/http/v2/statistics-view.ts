import type { z } from 'zod';
import type { CallTotals } from '../../repository/model-statistics.ts';
import type { ModelListing } from '../../repository/repository-interface.ts';
import type { modelStatistics } from './statistics-schema.ts';

// A version's statistics as Triton's extension of the inference protocol shows them.

type Shown = z.output<typeof modelStatistics>['model_stats'][number];

const none = { count: 0, ns: 0 };
const shown = ({ count, ms }: CallTotals): { count: number; ns: number } => ({
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
      success: shown(success),
      fail: shown(fail),
      queue: shown(queue),
      compute_input: shown(input),
      compute_infer: shown(run),
      compute_output: shown(output),
      cache_hit: none,
    },
    // a batch takes its input and gives its output as it runs: it is one time
    batch_stats: batches.map(({ rows, count, ns }) => ({
      batch_size: rows,
      compute_input: none,
      compute_infer: { count, ns },
      compute_output: none,
    })),
  };
}
