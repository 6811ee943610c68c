import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Engine } from './engine/engine-interface.ts';
import type { Connections } from './http/connections.ts';
import { refuseUnanswered, stopListening, stopListeningMs } from './http/stop-listening.ts';
import type { Training } from './jobs/create-training.ts';
import type { Repository } from './repository/repository-interface.ts';

/** After the drain: for the last events of streams that ran out of time, and for readers to take them. */
const lastEventsMs = 2000;
/** For threads and files to close. Nothing is lost when they don't: the process ends. */
const closeMs = 1000;
/** What a shutdown may take beyond its drain. */
export const shutdownGraceMs = lastEventsMs + stopListeningMs + closeMs;

export interface ShutdownTargets {
  readonly app: Pick<FastifyInstance, 'server' | 'close'>;
  readonly connections: Connections;
  readonly engine: Pick<Engine, 'close'>;
  readonly repository: Pick<Repository, 'close'>;
  readonly training: Pick<Training, 'jobs' | 'close'>;
  /** Ends streams that have no end of their own. */
  readonly endStreams: () => void;
}

/**
 * Ends everything within `drainMs` + `shutdownGraceMs`. New work must be refused already; requests under way have `drainMs` to finish,
 * and what then still runs ends with an error that says why. Every part starts to close at once, so that none waits for
 * another's time: what trains stops at its next step and is resumed by the next start, and a model that is being loaded is
 * not waited for.
 */
export async function shutDown(parts: ShutdownTargets, drainMs: number): Promise<void> {
  const { app, connections, engine, repository, training, endStreams } = parts;
  connections.closeAfterResponse();
  const trainingStopped = training.jobs.close(drainMs).finally(endStreams);
  const repositoryClosed = repository.close();
  await within(drainMs, connections.waitUntilWritten());
  endStreams();
  const engineClosed = engine.close();
  await within(lastEventsMs, connections.waitUntilWritten());
  refuseUnanswered(connections);
  await stopListening(app.server, connections);
  const closed = Promise.all([trainingStopped, repositoryClosed, engineClosed, app.close()]);
  await within(closeMs, closed);
  await training.close(0);
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).catch(() => {});
  await Promise.race([done, late]);
  timer.abort();
}
