import type { FastifyBaseLogger } from 'fastify';
import type { Access } from '../access/scopes.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { StateTokens } from '../sessions/state-token.ts';
import type { Training } from '../jobs/create-training.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { TaskContext } from '../tasks/context.ts';
import type { DocumentedSetting } from './documentation-app.ts';
import type { Authentication } from './plugins/authenticate.ts';

/** What the routes are built from; server.ts makes it once. */
export interface AppParts {
  readonly tasks: TaskContext;
  readonly sessions: Sessions;
  readonly stateTokens: StateTokens;
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
  /** Requests a minute and key, or address; 0 is no limit. */
  readonly rateLimit: number;
  readonly corsOrigin: string;
  readonly authentication: Authentication;
  readonly metricsAccess: Access;
  /** Whether callers may name any host, not only the server's own names. */
  readonly anyHost: boolean;
  readonly publicUrl: string;
  readonly trustProxy: string;
  /** Milliseconds; 0 is never. */
  readonly maxEventLoopDelayMs: number;
  readonly pingMs: number;
  /** What the documentation says can be set. */
  readonly settings: readonly DocumentedSetting[];
}
