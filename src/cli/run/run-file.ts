import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ModelDetailsJson } from '../../client/api-json.ts';
import type { ServerClient } from '../../client/server-client.ts';
import { CommandError, exitCodes } from '../command-error.ts';

/**
 * Sends a file of requests, one a line, and writes a line for each as it is answered, in order.
 * @returns the exit code: failed where a line was refused
 * @throws CommandError for a file that cannot be read, or a model without a task; ServerError
 */
export async function runFile(
  client: ServerClient,
  reference: string,
  path: string,
  write: (text: string) => void,
): Promise<number> {
  const model = `/v1/models/${encodeURIComponent(reference)}`;
  const { task, ready, error } = await client.call<ModelDetailsJson>('GET', model);
  if (task === null)
    throw new CommandError(
      `${reference} answers no lines: ${ready ? 'it takes and gives tensors only' : error}`,
    );
  const file = await open(path).catch((cause: unknown) => {
    throw new CommandError(`--file: ${(cause as Error).message}`);
  });
  let refused = false;
  const body = Readable.toWeb(file.createReadStream()) as ReadableStream<Uint8Array>;
  for await (const line of client.lines(`${model}/${task}`, body)) {
    write(`${line}\n`);
    refused ||= 'error' in (JSON.parse(line) as object);
  }
  return refused ? exitCodes.failed : 0;
}
