import type { Problem } from './api.ts';
import { invalidReply, parseJson } from './event-stream.ts';
import type { StreamedTask, TaskReplies } from './events.ts';
import { receive, type CallOptions, type Send, type Upload } from './request.ts';

/** What a line of a batch is answered with. */
export type BatchLine<Task extends StreamedTask> =
  | ({ readonly line: number; readonly error?: undefined } & TaskReplies[Task])
  | { readonly line: number; readonly error: Problem };

/**
 * Runs a task for each line of NDJSON, whose requests are sent while the first ones are answered. A line that is refused is
 * answered with its `error`, and the others run.
 * @param requests a JSON object a line, as `body` of the task
 * @returns answers in the order of the lines
 */
export type Batch = <Task extends StreamedTask>(
  task: Task,
  model: string,
  requests: Upload['data'],
  options?: CallOptions,
) => AsyncGenerator<BatchLine<Task>, void, undefined>;

const linesType = 'application/x-ndjson';

export const createBatch = (send: Send): Batch =>
  async function* <Task extends StreamedTask>(
    task: Task,
    model: string,
    requests: Upload['data'],
    options: CallOptions = {},
  ) {
    // a reader that leaves ends the sending, too: fetch goes on with a body though its reply is not wanted
    const leaving = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, leaving.signal]) : leaving.signal;
    const upload = { type: linesType, data: requests };
    try {
      const response = await send(task, { path: { model }, upload }, { signal });
      for await (const line of readLines(response, signal)) yield parseJson(line) as BatchLine<Task>;
    } finally {
      leaving.abort();
    }
  };

/** The lines of a reply as they arrive. */
async function* readLines(response: Response, signal: AbortSignal): AsyncGenerator<string> {
  const type = response.headers.get('content-type') ?? 'none';
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  if (!reader || !type.startsWith(linesType))
    throw invalidReply(`content-type: must be ${linesType}, was ${type}`);
  for (;;) {
    const { done, value } = await receive(() => reader.read(), 'connection_lost', signal);
    if (done) break;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== '') yield rest;
}
