import { readConfig } from './config.ts';
import { installExitHandlers } from './end-process.ts';
import { formatStartupBanner } from './startup-banner.ts';
import { startLoaderThread } from './repository/start-loader-thread.ts';
import type { Server } from './server.ts';
import { shutdownGraceMs } from './shutdown.ts';
import { createLogger } from './telemetry/logger.ts';

/** Milliseconds for requests in progress after an uncaught error. */
const errorDrainMs = 1000;
/**
 * Milliseconds that a shutdown may take beyond its own deadlines. Each of its stages has a timer, and timers
 * are late while the event loop writes the buffers of hundreds of streams, which must not be cut off.
 */
const slackMs = 10_000;

/** Starts the server and prints the startup banner. Exits the process on a signal or an uncaught error. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const log = createLogger(config.LOG_LEVEL);
  let server: Server | null = null;
  installExitHandlers({
    log,
    drainMs: config.DRAIN_MS,
    errorDrainMs: Math.min(errorDrainMs, config.DRAIN_MS),
    graceMs: shutdownGraceMs + slackMs,
    // a server that has not started has no requests to drain
    close: async (drainMs) => server?.close(drainMs),
  });
  // the loader thread imports its code while this thread imports the server's
  const loaderThread = startLoaderThread({ background: false });
  const { startServer } = await import('./server.ts');
  server = await startServer(config, log, loaderThread);
  console.log(formatStartupBanner(server.url, server.models()));
}
