import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { EventSource } from '../../engine/event-source.ts';
import { UnrollError } from '../../errors.ts';
import type { ModelSpec } from '../../network/spec.ts';
import type { ServedModel } from '../../repository/repository-interface.ts';
import type { Call, TaskContext } from '../../tasks/context.ts';
import { openWithModel, withModel } from '../../tasks/with-model.ts';
import { abortOnDisconnect } from '../abort-on-disconnect.ts';
import { parseWithoutNulls } from '../body/drop-nulls.ts';
import { isEncoded } from '../body/inflate-body.ts';
import { parseJson } from '../body/parse-json.ts';
import { recordModel, recordSequence } from '../plugins/request-log.ts';
import type { Route } from '../route.ts';
import { sendJson } from '../send-json.ts';
import type { ServerEvent } from '../server-event.ts';
import { answerLines, isLines, linesType } from './batch/answer-lines.ts';
import { openState, type StateCall, type StateFields } from './state-call.ts';
import { refuseNamedInputs } from './named-inputs.ts';
import { prefixKey } from './prefix-key.ts';
import { toRequestError } from './request-error.ts';
import { modelParameter, taskResponses } from './schemas/reply.ts';
import { streamEvents, type EventData } from './schemas/stream-events.ts';
import { createAcceptance, sendStream } from './send-stream.ts';

type Run<Body, Result> = (context: TaskContext, call: Call, body: Body) => Result;
type Format<From, Body, To> = (from: From, model: ServedModel, body: Body, signal: AbortSignal) => To;

/** A task over HTTP: a row of the table in tasks.ts. */
export interface TaskRoute<Schema extends z.ZodType, Result, Event> {
  readonly path: `/v1/models/:model/${string}`;
  readonly operationId: string;
  /** The task that the model must have; null for any. */
  readonly task: ModelSpec['task'] | null;
  readonly summary: string;
  readonly body: Schema;
  readonly reply: z.ZodType;
  readonly run: Run<z.output<Schema>, Promise<Result>>;
  readonly toReply: Format<Result, z.output<Schema>, Promise<object>>;
  /** Null for a task without a stream. */
  readonly stream: {
    readonly summary: string;
    readonly events: EventData;
    readonly open: Run<z.output<Schema>, Promise<EventSource<Event>> | EventSource<Event>>;
    readonly toEvent: Format<Event, z.output<Schema>, ServerEvent | Promise<ServerEvent>>;
  } | null;
}

type TaskSchema = z.ZodType<
  { timeout_ms?: number | undefined; stream?: boolean; reuse_prefix?: boolean } & StateFields
>;

/** Adds the route of a task: the model is leased while the task runs and its reply is made. */
export function taskRoute<Schema extends TaskSchema, Result, Event>(
  row: TaskRoute<Schema, Result, Event>,
): Route {
  const { path, operationId, task, summary, body: bodySchema, stream } = row;
  const title = `${operationId[0]!.toUpperCase()}${operationId.slice(1)}`;
  const response = taskResponses(
    row.reply,
    stream && { summary: stream.summary, events: streamEvents(`${title}Event`, stream.events) },
  );
  const schema = {
    operationId,
    tags: ['tasks'],
    summary,
    description:
      'A body of `application/x-ndjson` has a request in each line, and is answered by lines in the same order while it is sent: the reply with its `line`, or `line` and `error`.',
    consumes: ['application/json', linesType],
    params: modelParameter,
    body: bodySchema,
    response,
  };
  return (scope, parts) => {
    /** A call's model and state. */
    const prepare = (request: FastifyRequest, body: z.output<Schema>, signal: AbortSignal) => {
      let state: StateCall | null = null;
      const call = (model: ServedModel): Call => {
        recordModel(request, model, operationId);
        state = openState(parts, request, model, body);
        const { continuation } = state;
        const onSequenceEnd = recordSequence(request);
        const prefix = prefixKey(request, model, body);
        return { model, signal, timeoutMs: body.timeout_ms, onSequenceEnd, continuation, prefix };
      };
      return { call, state: () => state };
    };
    const answer = async (
      request: FastifyRequest,
      reference: string,
      body: z.output<Schema>,
      signal: AbortSignal,
    ): Promise<object> => {
      const { call, state } = prepare(request, body, signal);
      const json = await withModel(parts.tasks, { reference, task }, async (model) =>
        row.toReply(await row.run(parts.tasks, call(model), body), model, body, signal),
      );
      return { ...json, ...state()!.fields() };
    };
    /** Answers a body of lines, all by the version that the reference names now. */
    const answerBatch = (request: FastifyRequest, reply: FastifyReply): void => {
      const { model } = request.params as z.output<typeof modelParameter>;
      const lease = parts.tasks.repository.acquire(model);
      const { name, version } = lease.model;
      const named = `${name}@${version}`;
      const answerLine = async (line: Buffer, signal: AbortSignal): Promise<object> => {
        const json = await parseJson(line);
        refuseNamedInputs(parts.tasks, named, json);
        return answer(request, named, readLine(bodySchema, json), signal);
      };
      void answerLines(parts, { request, reply }, answerLine, () => lease.release());
    };
    // without a promise for the requests that are no batch
    const onRequest = (request: FastifyRequest, reply: FastifyReply, next: (error?: Error) => void): void => {
      if (!isLines(request)) return next();
      if (isEncoded(request))
        return next(
          new UnrollError('unsupported_media_type', 'content-encoding: lines are read as they are'),
        );
      try {
        answerBatch(request, reply);
      } catch (error) {
        next(error as Error);
      }
    };
    const preValidation = (
      { params, body }: FastifyRequest,
      _: FastifyReply,
      next: (error?: Error) => void,
    ) => {
      try {
        refuseNamedInputs(parts.tasks, (params as z.output<typeof modelParameter>).model, body);
        next();
      } catch (error) {
        next(error as Error);
      }
    };
    scope.post(
      path,
      { config: { access: 'infer' }, onRequest, preValidation, schema },
      async (request, reply) => {
        const { params } = request as { params: z.output<typeof modelParameter> };
        const body = request.body as z.output<Schema>;
        const signal = abortOnDisconnect(reply);
        if (stream && body.stream === true) {
          const { call, state } = prepare(request, body, signal);
          const { accepted, onSubmitted } = createAcceptance();
          const events = await openWithModel(
            parts.tasks,
            { reference: params.model, task },
            (model) => stream.open(parts.tasks, { ...call(model), onSubmitted }, body),
            (event, model) => withState(stream.toEvent(event, model, body, signal), state()),
          );
          return sendStream(parts, request, reply, events, { accepted });
        }
        return sendJson(reply, await answer(request, params.model, body, signal));
      },
    );
  };
}

/** @throws UnrollError invalid_request for a line that is no body of the task, or asks for a stream of its own */
function readLine<Schema extends TaskSchema>(schema: Schema, json: unknown): z.output<Schema> {
  const { success, data, error } = parseWithoutNulls<z.output<Schema>>(schema as never, json);
  if (!success) throw toRequestError(error.issues, '');
  if ((data as { stream?: boolean }).stream === true)
    throw new UnrollError('invalid_request', 'stream: not in a line of a batch', { field: 'stream' });
  return data;
}

/** Adds the state to the event of the reply. */
function withState(
  event: ServerEvent | Promise<ServerEvent>,
  state: StateCall | null,
): ServerEvent | Promise<ServerEvent> {
  if (event instanceof Promise) return event.then((made) => withState(made, state));
  return event.event === 'done' && state
    ? { ...event, data: { ...(event.data as object), ...state.fields() } }
    : event;
}
