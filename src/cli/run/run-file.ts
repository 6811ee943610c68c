import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { StreamedTask } from '../../client/events.ts';
import type { Client } from '../../client/index.ts';
import { CommandError, exitCodes } from '../command-error.ts';

/**
 * Sends a file of requests, one a line, and writes a line for each as it is answered, in order.
 * @returns the exit code: failed where a line was refused
 * @throws CommandError for a file that cannot be read, or a model without a task; UnrollError
 */
export async function runFile(
  client: Client,
  reference: string,
  path: string,
  write: (text: string) => void,
): Promise<number> {
  const { task, ready, error } = await client.models.show(reference);
  if (task === null)
    throw new CommandError(
      `${reference} answers no lines: ${ready ? 'it takes and gives tensors only' : error}`,
    );
  const file = await open(path).catch((cause: unknown) => {
    throw new CommandError(`--file: ${(cause as Error).message}`);
  });
  let refused = false;
  const body = Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array>;
  for await (const line of client.batch(task as StreamedTask, reference, body)) {
    write(`${JSON.stringify(line)}\n`);
    refused ||= line.error !== undefined;
  }
  return refused ? exitCodes.failed : 0;
}
