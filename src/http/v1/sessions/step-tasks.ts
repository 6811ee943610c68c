import { UnrollError } from '../../../errors.ts';
import type { ServedModel } from '../../../repository/repository-interface.ts';
import type { ContinuedCall } from '../../../sessions/session-call.ts';
import { classify, classifyStream } from '../../../tasks/classify.ts';
import type { TaskContext } from '../../../tasks/context.ts';
import { decode, decodeStream } from '../../../tasks/decode.ts';
import { embed } from '../../../tasks/embed.ts';
import { feed } from '../../../tasks/feed.ts';
import { generate, generateStream } from '../../../tasks/generate.ts';
import type { InsideOptions } from '../../../tasks/inside-options.ts';
import { predict, predictStream } from '../../../tasks/predict.ts';
import { requireText } from '../../../tasks/read-input.ts';
import type { TaskInput } from '../../../tasks/task-input.ts';
import { tag, tagStream } from '../../../tasks/tag.ts';
import type { ServerEvent } from '../../server-event.ts';
import { toClassifyEvent, toClassifyReply } from '../json/classify.ts';
import { toDecodeEvent, toDecodeReply } from '../json/decode.ts';
import { toEmbedReply } from '../json/embed.ts';
import { toGenerateEvent, toGenerateReply } from '../json/generate.ts';
import { toPredictEvent, toPredictReply } from '../json/predict.ts';
import { toReplyHead } from '../json/reply-head.ts';
import { toTagEvent, toTagReply } from '../json/tag.ts';
import { runTensorSteps } from './tensor-steps.ts';
import type { StepsBody } from './steps-body.ts';

/** A task as steps of a session. */
interface StepTask {
  run(context: TaskContext, call: ContinuedCall, body: StepsBody): Promise<object>;
  /** Null where it gives no events on its way. */
  readonly stream:
    ((context: TaskContext, call: ContinuedCall, body: StepsBody) => AsyncIterable<ServerEvent>) | null;
}

const classifySteps: StepTask = {
  async run(context, call, body) {
    const each = body.return === 'each';
    const request = { ...insideOf(body), input: requireInput(body), top_k: body.top_k, each };
    return toClassifyReply(await classify(context, call, request), call.model, request, call.signal);
  },
  async *stream(context, call, body) {
    const request = { ...insideOf(body), input: requireInput(body), top_k: body.top_k };
    for await (const event of classifyStream(context, call, request))
      yield toClassifyEvent(event, call.model, request, call.signal);
  },
};

const tagSteps: StepTask = {
  async run(context, call, body) {
    const request = { ...insideOf(body), input: requireInput(body) };
    return toTagReply(await tag(context, call, request), call.model, request, call.signal);
  },
  async *stream(context, call, body) {
    const request = { ...insideOf(body), input: requireInput(body) };
    for await (const event of tagStream(context, call, request))
      yield toTagEvent(event, call.model, request, call.signal);
  },
};

const predictSteps: StepTask = {
  async run(context, call, body) {
    const request = { ...insideOf(body), input: requireInput(body), each: body.return === 'each' };
    return toPredictReply(await predict(context, call, request), call.model, request, call.signal);
  },
  async *stream(context, call, body) {
    const request = { ...insideOf(body), input: requireInput(body) };
    for await (const event of predictStream(context, call, request))
      yield toPredictEvent(event, call.model, request, call.signal);
  },
};

const embedSteps: StepTask = {
  async run(context, call, body) {
    const request = { input: requireInput(body), each: body.return === 'each' };
    return toEmbedReply(await embed(context, call, request), call.model, request, call.signal);
  },
  stream: null,
};

const generateSteps: StepTask = {
  async run(context, call, body) {
    const request = { ...body.generate, ...insideOf(body), prompt: readPrompt(body) };
    return toGenerateReply(await generate(context, call, request), call.model, request, call.signal);
  },
  async *stream(context, call, body) {
    const request = { ...body.generate, ...insideOf(body), prompt: readPrompt(body) };
    for await (const event of generateStream(context, call, request))
      yield toGenerateEvent(event, call.model, request, call.signal);
  },
};

const decodeSteps: StepTask = {
  async run(context, call, body) {
    const request = { ...body.decode, input: body.input };
    return toDecodeReply(await decode(context, call, request), call.model, request, call.signal);
  },
  async *stream(context, call, body) {
    const request = { ...body.decode, input: body.input };
    for await (const event of decodeStream(context, call, request))
      yield toDecodeEvent(event, call.model, request, call.signal);
  },
};

const feedSteps: StepTask = {
  async run(context, call, body) {
    return toReplyHead(call.model, await feed(context, call, { input: requireInput(body) }));
  },
  stream: null,
};

const tensorSteps: StepTask = {
  run: (context, call, body) => runTensorSteps(context, call, body.inputs!),
  stream: null,
};

const byTask: Readonly<Record<ServedModel['spec']['task'], StepTask>> = {
  classify: classifySteps,
  tag: tagSteps,
  predict: predictSteps,
  generate: generateSteps,
  decode: decodeSteps,
};

/** @throws UnrollError wrong_task, invalid_request */
export function findStepTask({ spec, name }: ServedModel, body: StepsBody): StepTask {
  const generates = spec.task === 'generate';
  if (body.generate && !generates)
    throw new UnrollError('wrong_task', `generate: ${name} answers ${spec.task}, it does not generate`, {
      field: 'generate',
    });
  if (body.decode && spec.task !== 'decode')
    throw new UnrollError('wrong_task', `decode: ${name} answers ${spec.task}, it does not decode`, {
      field: 'decode',
    });
  if (body.inputs && (body.input !== undefined || body.embed || body.return !== undefined))
    throw new UnrollError('invalid_request', 'inputs: tensors stand alone, without input, embed and return', {
      field: 'inputs',
    });
  const task = body.inputs
    ? tensorSteps
    : body.embed
      ? embedSteps
      : generates && !body.generate
        ? feedSteps
        : byTask[spec.task];
  if (body.stream && !task.stream)
    throw new UnrollError(
      'invalid_request',
      'stream: there is nothing to stream, where hidden rows are asked for, a text is only read, or tensors are given',
      { field: 'stream' },
    );
  return task;
}

function requireInput({ input }: Pick<StepsBody, 'input'>): TaskInput {
  if (input === undefined) throw new UnrollError('invalid_request', 'input: required', { field: 'input' });
  return input;
}

const readPrompt = ({ input }: Pick<StepsBody, 'input'>) =>
  input === undefined ? undefined : requireText(input);

/** The fields that ask for what is inside a network. */
const insideOf = ({
  include,
  include_layers,
  include_units,
  include_format,
}: InsideOptions): InsideOptions => ({
  include,
  include_layers,
  include_units,
  include_format,
});
