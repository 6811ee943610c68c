import type { FastifyReply, FastifyRequest } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';
import { UnrollError } from '../../../errors.ts';
import { onAbort } from '../../../on-abort.ts';
import { jsonChunks } from '../../json-chunks.ts';
import { dropRequest, keepReceiving } from '../../long-request.ts';
import type { AppParts } from '../../parts.ts';
import { toProblem } from '../../problem.ts';
import { createInputQueue } from '../input-streams/input-queue.ts';
import { queueBody, readInputs } from '../input-streams/read-body.ts';
import { recordStreamEnd } from '../input-streams/record-end.ts';
import { createSendGate } from '../input-streams/send-gate.ts';
import { toErrorAnswer, type StreamInput } from '../input-streams/stream-input.ts';

// A body of lines, each the body of a call, that is answered by lines in the same order while it is sent.

export const linesType = 'application/x-ndjson';

export const isLines = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase() === linesType;

/** Lines that are answered at a time; the body is not read while so many have no answer that was sent. */
const maxInFlight = 32;
/** Between two attempts at a line that the server has no room for. */
const retryMs = 50;

/** Answers one line. It may be called again for the same line where the server was overloaded. */
export type AnswerLine = (line: Buffer, signal: AbortSignal) => Promise<object>;

/**
 * Answers every line, `{"line": 3, …}` with the reply or `error`. A line that cannot be answered does not stop the others.
 * @param release called at the end
 */
export async function answerLines(
  { tasks, stopping }: Pick<AppParts, 'tasks' | 'stopping'>,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  answerLine: AnswerLine,
  release: () => void,
): Promise<void> {
  const { raw: body } = request;
  const { raw: response } = reply;
  const left = new AbortController();
  const queue = createInputQueue<Buffer>(body);
  const gate = createSendGate(tasks.limits.timeoutMs);
  const end = (error: unknown): void => {
    left.abort();
    queue.fail(error);
    gate.fail(error);
  };
  const stopListening = onAbort(stopping, () =>
    end(new UnrollError('shutting_down', 'the server shuts down')),
  );
  response.on('drain', () => gate.open());
  response.once('close', () => end(new UnrollError('cancelled', 'the client disconnected')));
  reply.hijack();
  response.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': `${linesType}; charset=utf-8`,
    'cache-control': 'no-store',
  });
  response.flushHeaders();
  keepReceiving(body);
  const stopReading = queueBody(body, queue, () => {});
  const write = async (text: string): Promise<void> => {
    if (!response.write(text)) await gate.wait();
  };
  let failure: unknown = null;
  try {
    await answerInOrder(
      readInputs(queue, null),
      (input) => answerInput(input, answerLine, left.signal),
      write,
    );
  } catch (error) {
    failure = error;
  } finally {
    stopListening();
    stopReading();
    release();
  }
  if (failure !== null) recordStreamEnd(request, failure);
  if (response.destroyed) return;
  response.end(failure === null ? '' : `${JSON.stringify(toErrorAnswer(failure))}\n`);
  dropRequest(body, response);
}

/** Answers inputs at the same time, and writes the answers in order as soon as they are there. */
export async function answerInOrder<T>(
  inputs: AsyncIterable<T>,
  answer: (input: T) => Promise<string>,
  write: (text: string) => Promise<void>,
): Promise<void> {
  const written: Promise<void>[] = [];
  let last = Promise.resolve();
  for await (const input of inputs) {
    const answered = answer(input);
    last = last.then(async () => write(await answered));
    // reported where it is awaited
    last.catch(() => {});
    written.push(last);
    if (written.length >= maxInFlight) await written.shift();
  }
  await last;
}

/** @returns a line, whatever becomes of the input */
async function answerInput(input: StreamInput, answerLine: AnswerLine, signal: AbortSignal): Promise<string> {
  const { number: line } = input;
  const bytes = input.kind === 'json' ? input.bytes : Buffer.alloc(0);
  for (;;) {
    try {
      return toLine({ line, ...(await answerLine(bytes, signal)) });
    } catch (error) {
      if (!(error instanceof UnrollError) || error.code !== 'overloaded' || signal.aborted)
        return toLine({ line, error: toProblem(error) });
      await delay(retryMs);
    }
  }
}

const toLine = (value: object): string => `${[...jsonChunks(value)].join('')}\n`;
