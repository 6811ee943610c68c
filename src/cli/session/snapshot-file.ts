import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { SessionJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';

const snapshotPath = (id: string): string => `/v1/sessions/${encodeURIComponent(id)}/snapshot`;

/** Writes the snapshot of a session to a file. */
export async function saveSnapshot(client: ServerClient, id: string, file: string): Promise<void> {
  const bytes = await client.download(snapshotPath(id));
  await writeFile(file, bytes);
  console.log(`${file}: ${bytes.length.toLocaleString('en')} bytes`);
}

/** Makes a session from a file, or sets the one with this id to its state. */
export const loadSnapshot = async (
  client: ServerClient,
  file: string,
  id: string = randomUUID(),
): Promise<SessionJson> => client.upload('PUT', snapshotPath(id), new Uint8Array(await readFile(file)));
