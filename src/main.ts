import { readConfig } from './config.ts';
import { installExitHandlers } from './end-process.ts';
import { formatStartupBanner } from './startup-banner.ts';
import { startServer, type Server } from './server.ts';
import { shutdownGraceMs } from './shutdown.ts';
import { createLogger } from './telemetry/logger.ts';

/** Time for requests under way after an error that nobody caught. */
const errorDrainMs = 1000;
/**
 * What a shutdown may take beyond its own deadlines. Each of its parts is bounded by a timer, and timers are late while the event
 * loop writes out what hundreds of streams have waiting: that is no reason to cut them off.
 */
const slackMs = 10_000;

/** Starts the server and prints what it serves. Ends the process on a signal, or on an error that nobody caught. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const log = createLogger(config.LOG_LEVEL);
  let server: Server | null = null;
  installExitHandlers({
    log,
    drainMs: config.DRAIN_MS,
    errorDrainMs: Math.min(errorDrainMs, config.DRAIN_MS),
    graceMs: shutdownGraceMs + slackMs,
    // a server that is still starting has nothing to drain
    close: async (drainMs) => server?.close(drainMs),
  });
  server = await startServer(config, log);
  console.log(formatStartupBanner(server.url, server.models()));
}
