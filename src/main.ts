import closeWithGrace from 'close-with-grace';
import { readConfig } from './config.ts';
import { greeting } from './greeting.ts';
import { startServer } from './server.ts';

/** Starts the server, says what it serves, and drains it on SIGTERM or SIGINT. */
export async function serve(environment: NodeJS.ProcessEnv): Promise<void> {
  const config = readConfig(environment);
  const server = await startServer(config);
  console.log(greeting(server.url, server.models()));
  // a little more than the drain itself may take, so that it is the drain that decides
  closeWithGrace({ delay: config.DRAIN_MS + 5000 }, async () => server.close());
}
