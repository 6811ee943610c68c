import { toUnrollError, UnrollError } from './error.ts';
import { createEventParser, type ReceivedEvent } from './event-parser.ts';
import { receive } from './request.ts';

/** An event with its data parsed. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/**
 * Yields the events of a response. Its connection is closed when the reader leaves early.
 * @throws UnrollError for an `error` event, a connection that is cut, and what is no event stream of the server
 */
export async function* readEvents(
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent, void, undefined> {
  for await (const { event, data } of receiveEvents(response, signal)) {
    // of a chunk with many events, the rest is not wanted
    signal?.throwIfAborted();
    const value = parseJson(data);
    if (event === 'error') throw toUnrollError(value);
    yield { event, data: value };
  }
}

/**
 * The same for a stream whose last event is `done`.
 * @throws UnrollError `connection_lost` if it ends without
 */
export async function* readUntilDone(
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent, void, undefined> {
  let done = false;
  try {
    for await (const event of readEvents(response, signal)) {
      done ||= event.event === 'done';
      yield event;
    }
  } catch (error) {
    // what is cut after the last event is whole
    if (!done) throw error;
  }
  if (!done) throw cutStream('done');
}

export const cutStream = (missing: string): UnrollError =>
  new UnrollError({ code: 'connection_lost', detail: `the stream ended without its last event, ${missing}` });

async function* receiveEvents(
  response: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<ReceivedEvent, void, undefined> {
  const type = response.headers.get('content-type') ?? 'none';
  const reader = response.body?.getReader();
  // a character that a border of two chunks cuts is kept until it is whole
  // a byte-order mark is the parser's: Node's decoder skips two where the first is cut
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const parser = createEventParser();
  try {
    if (!reader || !type.startsWith('text/event-stream'))
      throw invalidReply(`content-type: must be text/event-stream, was ${type}`);
    for (;;) {
      const { done, value } = await receive(() => reader.read(), 'connection_lost', signal);
      if (done) return;
      yield* parser.push(decode(decoder, value));
    }
  } finally {
    await reader?.cancel().catch(() => {});
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch (error) {
    throw invalidReply('the stream is not UTF-8', error);
  }
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidReply((error as Error).message, error);
  }
}

export const invalidReply = (detail: string, cause?: unknown): UnrollError =>
  new UnrollError({ code: 'invalid_reply', detail: `not a reply of Unroll: ${detail}`, cause });
