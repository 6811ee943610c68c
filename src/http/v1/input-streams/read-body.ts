import type { IncomingMessage } from 'node:http';
import type { InputQueue } from './input-queue.ts';
import { createLineSplitter } from './split-lines.ts';
import type { FrameSplitter } from './split-frames.ts';
import type { StreamInput } from './stream-input.ts';

/** Passes a request's body to a queue. @returns a function that stops */
export function queueBody(body: IncomingMessage, queue: InputQueue<Buffer>, onChunk: () => void): () => void {
  const take = (chunk: Buffer): void => {
    onChunk();
    queue.push(chunk, chunk.length);
  };
  const end = (): void => queue.end();
  // without a listener it would be an uncaught exception; the reply's end is what counts
  body.on('error', () => {});
  body.on('data', take);
  body.once('end', end);
  return () => {
    body.off('data', take);
    body.off('end', end);
  };
}

/** The inputs of a body. @param frames null for lines */
export async function* readInputs(
  queue: Pick<InputQueue<Buffer>, 'next'>,
  frames: FrameSplitter | null,
): AsyncGenerator<StreamInput> {
  const lines = createLineSplitter();
  for (;;) {
    const chunk = await queue.next();
    if (chunk === null) break;
    yield* frames ? frames.push(chunk) : lines.push(chunk);
  }
  if (frames) frames.end();
  else yield* lines.end();
}
