import { startServer, type ServerProcess } from '../e2e/server-process.ts';

/** The shipped models behind a real server. */
export async function serveModels() {
  const server: ServerProcess = await startServer('models');
  return {
    post: <T>(path: string, body: object): Promise<T> => server.ask<T>(path, body),
    close: () => server.stop(),
  };
}
