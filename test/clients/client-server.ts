import { afterAll, beforeAll, expect } from 'vitest';
import { createClient, type Client } from '../../src/client/index.ts';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';
import { servedModels, settings } from './served-models.ts';

/** A server with the models for clients, and a client of it, for the tests of a file. */
export function serveForClients(): { readonly server: ServerProcess; readonly unroll: Client } {
  const folder = servedModels();
  let server: ServerProcess;
  let unroll: Client;
  beforeAll(async () => {
    server = await startServer(folder.path, settings);
    unroll = createClient({ url: server.url });
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
    folder.remove();
  });
  return {
    get server() {
      return server;
    },
    get unroll() {
      return unroll;
    },
  };
}
