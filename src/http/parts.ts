import type { FastifyBaseLogger } from 'fastify';
import type { Training } from '../jobs/create-training.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TaskContext } from '../tasks/context.ts';
import type { DocumentedSetting } from './documentation.ts';

/** What the routes are built from; server.ts makes it once. */
export interface AppParts {
  readonly tasks: TaskContext;
  readonly training: Training;
  readonly metrics: Metrics;
  readonly logger: FastifyBaseLogger | false;
  /** True once the server is about to take no new work. */
  readonly closing: () => boolean;
  /** True once the server takes no new work. */
  readonly draining: () => boolean;
  /** True while the server can take no more connections. */
  readonly connectionsFull: () => boolean;
  /** Ends streams that would not end by themselves. */
  readonly stopping: AbortSignal;
  readonly options: AppOptions;
}

export interface AppOptions {
  readonly maxBodyBytes: number;
  /** Milliseconds for a request to arrive. */
  readonly receiveMs: number;
  /** Requests a minute and address; 0 is no limit. */
  readonly rateLimit: number;
  readonly corsOrigin: string;
  /** Milliseconds; 0 is never. */
  readonly maxEventLoopDelayMs: number;
  readonly pingMs: number;
  /** What the documentation says can be set. */
  readonly settings: readonly DocumentedSetting[];
}
