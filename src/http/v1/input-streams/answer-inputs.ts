import type { FastifyRequest } from 'fastify';
import { UnrollError } from '../../../errors.ts';
import { positionOf } from '../../../sessions/session.ts';
import type { SessionStream } from '../../../sessions/session-stream.ts';
import type { TaskContext } from '../../../tasks/context.ts';
import { predictFrame } from '../../../tasks/predict-frame.ts';
import { createTimeSlice } from '../../../time-slice.ts';
import { recordModel, recordSequence } from '../../plugins/request-log.ts';
import { toOutput, type PredictReply } from '../json/predict.ts';
import type { ReplyHead } from '../json/reply-head.ts';
import { requirePosition } from '../sessions/require-position.ts';
import { findStepTask } from '../sessions/step-tasks.ts';
import type { SocketQuery, StreamQuery } from './query.ts';
import { readStep, toDefaults, type Step } from './read-step.ts';
import { InputError, type StreamInput } from './stream-input.ts';

/** The answer to one input: JSON, or the bytes of float32 values. */
export type Answer =
  ({ readonly position: number } & Partial<Pick<PredictReply, 'predictions'>>) | Uint8Array;

export interface AnswerOptions {
  readonly tasks: TaskContext;
  readonly request: FastifyRequest;
  readonly stream: SessionStream;
  readonly query: StreamQuery & Partial<Pick<SocketQuery, 'answers'>>;
  /** Aborts when the client has left. */
  readonly signal: AbortSignal;
}

/** A promise where the next answer has to wait. */
type Send = (answer: Answer) => Promise<void> | undefined;

/**
 * Runs inputs one after the other, and sends the answer of each once the session stands after it. The next one is
 * taken when the answer has been accepted.
 * @throws InputError for an input that fails; what was answered stays
 */
export async function answerInputs(
  options: AnswerOptions,
  inputs: AsyncIterable<StreamInput>,
  send: Send,
): Promise<void> {
  const answer = createAnswer(options, send);
  for await (const input of inputs) await answer(input);
}

/** Inputs that are taken when they have arrived. */
export interface ArrivingInputs {
  /** The next one; null where none has arrived. @throws what ended the stream */
  take(): StreamInput | null;
  /** Whether all have been taken and no more will arrive. */
  readonly ended: boolean;
  /** Calls `ready` after something has arrived, and at the end. */
  listen(ready: () => void): void;
}

/**
 * The same for many streams that mostly wait: while one does, it has no promise, and nothing of its last input. What it had
 * would be in V8's old generation when the next input comes, and thousands of streams fill that in seconds.
 */
export function answerArriving(options: AnswerOptions, inputs: ArrivingInputs, send: Send): Promise<void> {
  const answer = createAnswer(options, send);
  return new Promise((resolve, reject) => {
    let answering = false;
    async function answerAll(): Promise<void> {
      answering = true;
      for (let input = inputs.take(); input; input = inputs.take()) await answer(input);
      answering = false;
      if (inputs.ended) resolve();
    }
    inputs.listen(() => {
      if (!answering) answerAll().catch(reject);
    });
  });
}

/** Answers one input. */
function createAnswer(options: AnswerOptions, send: Send): (input: StreamInput) => Promise<void> {
  const make = createMaker(options);
  return async (input) => {
    let answer: Answer;
    try {
      answer = await make(input);
    } catch (error) {
      throw new InputError(error, input);
    }
    const sent = send(answer);
    if (sent) await sent;
  };
}

function createMaker({ tasks, request, stream, query, signal }: AnswerOptions) {
  const { model } = stream;
  recordModel(request, model, 'stream');
  const defaults = toDefaults(query);
  const binary = query.answers === 'float32';
  const predicts = model.spec.task === 'predict' && !defaults.embed;
  if (binary && !predicts)
    throw new UnrollError('invalid_request', 'answers: float32 takes a model that answers predict', {
      field: 'answers',
    });
  const call = { signal, onSequenceEnd: recordSequence(request) };

  async function run(step: Step): Promise<Answer> {
    const body = { ...step, stream: false };
    const reply = await stream.run({ ...call, timeoutMs: step.timeout_ms }, (continued) => {
      requirePosition(continued, step);
      return findStepTask(model, body).run(tasks, continued, body);
    });
    // a frame's answer is short: what is the same for all of them is not repeated
    const { model: _, version: __, usage: ___, ...answer } = reply as ReplyHead;
    return { position: positionOf(stream.session), ...answer };
  }
  const each = defaults.return === 'each';
  const frameCall = { ...call, timeoutMs: defaults.timeout_ms };
  async function predictOne(rows: Float32Array): Promise<Answer> {
    const values = await stream.run(frameCall, (continued) => predictFrame(tasks, continued, rows, each));
    // a copy: the answer is kept until the next frame, the message that has the values of a whole tick must not be
    if (binary) return new Uint8Array(values.slice().buffer);
    const output = await toOutput(values, model, each, createTimeSlice(signal));
    return { position: positionOf(stream.session), predictions: [{ output }] };
  }

  return async (input: StreamInput): Promise<Answer> => {
    if (input.kind === 'json') return run(await readStep(input.bytes, defaults));
    const { values: rows } = input;
    return predicts ? predictOne(rows) : run({ ...defaults, input: { rows } });
  };
}
