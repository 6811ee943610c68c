import type { ModelSpec } from '../../src/network/spec.ts';
import { toClassifyEvent, toClassifyReply } from '../../src/http/v1/json/classify.ts';
import { toEmbedReply } from '../../src/http/v1/json/embed.ts';
import { toGenerateEvent, toGenerateReply } from '../../src/http/v1/json/generate.ts';
import { toPredictEvent, toPredictReply } from '../../src/http/v1/json/predict.ts';
import { toTagEvent, toTagReply } from '../../src/http/v1/json/tag.ts';
import type { ServerEvent } from '../../src/http/server-event.ts';
import { infer as inferTensors, type InferRequest } from '../../src/open-inference/infer.ts';
import type { WireTensor } from '../../src/open-inference/tensor.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import * as classifyTask from '../../src/tasks/classify.ts';
import type { Call, TaskContext } from '../../src/tasks/context.ts';
import * as embedTask from '../../src/tasks/embed.ts';
import * as generateTask from '../../src/tasks/generate.ts';
import * as predictTask from '../../src/tasks/predict.ts';
import * as tagTask from '../../src/tasks/tag.ts';
import { fromGenerator } from '../../src/engine/event-source.ts';
import { openWithModel, withModel } from '../../src/tasks/with-model.ts';

// Tasks as a route runs them: with the model leased, and the result as the JSON of /v1.

export type TestCall = Omit<Call, 'model'> & { readonly reference: string };
type Task = ModelSpec['task'] | null;

const reply =
  <Body, Result, Json>(
    task: Task,
    run: (context: TaskContext, call: Call, body: Body) => Promise<Result>,
    toReply: (result: Result, model: ServedModel, body: Body, signal: AbortSignal) => Promise<Json>,
  ) =>
  (context: TaskContext, { reference, ...call }: TestCall, body: Body): Promise<Json> =>
    withModel(context, { reference, task }, async (model) =>
      toReply(await run(context, { ...call, model }, body), model, body, call.signal),
    );

const stream = <Body, Event>(
  task: Task,
  run: (context: TaskContext, call: Call, body: Body) => AsyncGenerator<Event>,
  toEvent: (
    event: Event,
    model: ServedModel,
    body: Body,
    signal: AbortSignal,
  ) => ServerEvent | Promise<ServerEvent>,
) =>
  async function* (
    context: TaskContext,
    { reference, ...call }: TestCall,
    body: Body,
  ): AsyncGenerator<ServerEvent> {
    const events = await openWithModel(
      context,
      { reference, task },
      (model) => fromGenerator(run(context, { ...call, model }, body)),
      (event, model) => toEvent(event, model, body, call.signal),
    );
    for await (const event of events) yield event;
  };

export const classify = reply('classify', classifyTask.classify, toClassifyReply);
export const classifyStream = stream('classify', classifyTask.classifyStream, toClassifyEvent);
export const tag = reply('tag', tagTask.tag, toTagReply);
export const tagStream = stream('tag', tagTask.tagStream, toTagEvent);
export const predict = reply('predict', predictTask.predict, toPredictReply);
export const predictStream = stream('predict', predictTask.predictStream, toPredictEvent);
export const generate = reply('generate', generateTask.generate, toGenerateReply);
export const generateStream = stream('generate', generateTask.generateStream, toGenerateEvent);
export const embed = reply(null, embedTask.embed, toEmbedReply);

/** Tensors as a route of /v2 runs them. */
export const infer = (
  context: TaskContext,
  { reference, ...call }: TestCall,
  request: Omit<InferRequest, 'settings'>,
): Promise<WireTensor[]> =>
  withModel(context, { reference, task: null }, (model) =>
    inferTensors(context, { ...call, model }, { ...request, settings: {} }),
  );
