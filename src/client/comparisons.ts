import type { Comparison, Operations } from './api.ts';
import type { BodyOf, Call } from './call.ts';
import type { CallOptions } from './request.ts';

/** Comparisons of cells and settings: each trial is a training job, and the best is published. */
export interface Comparisons {
  create(body: BodyOf<'createComparison'>, options?: CallOptions): Promise<Comparison>;
  /** Its trials, best first, so far. */
  show(id: string, options?: CallOptions): Promise<Comparison>;
  list(options?: CallOptions): Promise<Operations['listComparisons']['reply']>;
  /** Ends the trials that run, and publishes nothing. */
  cancel(id: string, options?: CallOptions): Promise<Comparison>;
}

export const createComparisons = (call: Call): Comparisons => ({
  create: (body, options) => call('createComparison', { body }, options),
  show: (comparison, options) => call('showComparison', { path: { comparison } }, options),
  list: (options) => call('listComparisons', {}, options),
  cancel: (comparison, options) => call('cancelComparison', { path: { comparison } }, options),
});
