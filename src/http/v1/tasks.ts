import { classify, classifyStream } from '../../tasks/classify.ts';
import { decode, decodeStream } from '../../tasks/decode.ts';
import { embed } from '../../tasks/embed.ts';
import { generate, generateStream } from '../../tasks/generate.ts';
import { predict, predictStream } from '../../tasks/predict.ts';
import { tag, tagStream } from '../../tasks/tag.ts';
import { toClassifyEvent, toClassifyReply } from './json/classify.ts';
import { toDecodeEvent, toDecodeReply } from './json/decode.ts';
import { toEmbedReply } from './json/embed.ts';
import { toGenerateEvent, toGenerateReply } from './json/generate.ts';
import { toPredictEvent, toPredictReply } from './json/predict.ts';
import { toTagEvent, toTagReply } from './json/tag.ts';
import { classifyBody, classifyEvents, classifyReply } from './schemas/classify.ts';
import { decodeBody, decodeEvents, decodeReply } from './schemas/decode.ts';
import { embedBody, embedReply } from './schemas/embed.ts';
import { generateBody, generateEvents, generateReply } from './schemas/generate.ts';
import { predictBody, predictEvents, predictReply } from './schemas/predict.ts';
import { tagBody, tagEvents, tagReply } from './schemas/tag.ts';
import { taskRoute } from './task-route.ts';

// The tasks of a model: a path, the task's function, and the JSON of its result.

export const taskRoutes = [
  taskRoute({
    path: '/v1/models/:model/classify',
    operationId: 'classify',
    task: 'classify',
    summary: 'The label of whole sequences',
    body: classifyBody,
    reply: classifyReply,
    run: classify,
    toReply: toClassifyReply,
    stream: {
      summary: '`step` events with the label as it forms, then `done` with the reply',
      events: classifyEvents,
      run: classifyStream,
      toEvent: toClassifyEvent,
    },
  }),
  taskRoute({
    path: '/v1/models/:model/tag',
    operationId: 'tag',
    task: 'tag',
    summary: 'A label for every token',
    body: tagBody,
    reply: tagReply,
    run: tag,
    toReply: toTagReply,
    stream: {
      summary: '`token` events each with its label, then `done` with the reply',
      events: tagEvents,
      run: tagStream,
      toEvent: toTagEvent,
    },
  }),
  taskRoute({
    path: '/v1/models/:model/decode',
    operationId: 'decode',
    task: 'decode',
    summary: 'One sequence from another: greedy, drawn, or the best of a beam',
    body: decodeBody,
    reply: decodeReply,
    run: decode,
    toReply: toDecodeReply,
    stream: {
      summary: '`token` events as soon as a token is certain, then `done` with the reply',
      events: decodeEvents,
      run: decodeStream,
      toEvent: toDecodeEvent,
    },
  }),
  taskRoute({
    path: '/v1/models/:model/generate',
    operationId: 'generate',
    task: 'generate',
    summary: 'Text, token by token',
    body: generateBody,
    reply: generateReply,
    run: generate,
    toReply: toGenerateReply,
    stream: {
      summary: '`token` events, then `done` with the reply and its finish reason',
      events: generateEvents,
      run: generateStream,
      toEvent: toGenerateEvent,
    },
  }),
  taskRoute({
    path: '/v1/models/:model/predict',
    operationId: 'predict',
    task: 'predict',
    summary: 'Numbers from numbers',
    body: predictBody,
    reply: predictReply,
    run: predict,
    toReply: toPredictReply,
    stream: {
      summary: '`step` events each with its output, then `done` with the reply',
      events: predictEvents,
      run: predictStream,
      toEvent: toPredictEvent,
    },
  }),
  taskRoute({
    path: '/v1/models/:model/embed',
    operationId: 'embed',
    task: null,
    summary: 'The last hidden state of whole sequences, from a model of any task',
    body: embedBody,
    reply: embedReply,
    run: embed,
    toReply: toEmbedReply,
    stream: null,
  }),
];
