import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Client, Session } from '../../client/index.ts';

/** Writes the snapshot of a session to a file. */
export async function saveSnapshot(client: Client, session: string, file: string): Promise<void> {
  const bytes = await client.call('getSessionSnapshot', { path: { session } });
  await writeFile(file, bytes);
  console.log(`${file}: ${bytes.length.toLocaleString('en')} bytes`);
}

/** Makes a session from a file, or sets the one with this id to its state. */
export const loadSnapshot = async (
  client: Client,
  file: string,
  session: string = randomUUID(),
): Promise<Session> =>
  client.call('restoreSession', {
    path: { session },
    upload: { type: 'application/octet-stream', data: await readFile(file) },
  });
