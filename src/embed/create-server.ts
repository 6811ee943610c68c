import { startServer } from '../server.ts';
import { createLogger } from '../telemetry/logger.ts';
import { toConfig, type ServerSettings } from './server-settings.ts';

/** A server in this process. */
export interface EmbeddedServer {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Calls it without a connection: `fetch('/v1/models')`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Ends it; requests in progress have `drain_ms` to finish. */
  close(): Promise<void>;
}

/**
 * Starts a server in this process. It reads no environment variables and no settings file, and leaves signals to its
 * caller.
 * @param settings in lower case, as in unroll.config.json: `{ port: 0, models: 'models' }`
 * @throws ConfigError naming each invalid setting, or the system's error when it cannot listen
 */
export async function createServer(settings: ServerSettings = {}): Promise<EmbeddedServer> {
  const config = toConfig({ log_level: 'warn', ...settings });
  const server = await startServer(config, createLogger(config.LOG_LEVEL));
  return { url: server.url, fetch: server.inject, close: () => server.close(config.DRAIN_MS) };
}
