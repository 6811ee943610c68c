import { z } from 'zod';
import { problem, problems } from '../schemas/reply.ts';
import { streamEvents } from '../schemas/stream-events.ts';
import { sessionPosition } from '../sessions/steps-body.ts';

// What the API's document says of streams of inputs.

const inputs = {
  session: 'inputs of a session',
  model: 'inputs of a sequence that begins with the connection and ends with it',
} as const;

const answers =
  'An answer has `position`, the steps of the sequence so far, and what the reply to such steps has: `predictions`, `generations` or `embeddings`. An error is `{"error": …}`, a problem document with the number of the `line`, `frame` or `message`; it is the last answer, and the sequence stands after the one before.';

const answerEvents = streamEvents(
  'InputStreamEvent',
  {
    answer: z.looseObject({ position: z.int().describe('Steps of the sequence so far') }),
    done: z.object({ session: sessionPosition }),
  },
  problem.extend({ line: z.int().optional(), frame: z.int().optional(), message: z.int().optional() }),
);

export const describeBody = (of: keyof typeof inputs) => ({
  operationId: of === 'session' ? 'streamSession' : 'streamModel',
  tags: of === 'session' ? ['sessions'] : ['tasks'],
  summary: `Answers ${inputs[of]} while they are sent, in one request`,
  description: [
    'The body is NDJSON, a body of steps or its `input` alone on each line, or with `application/octet-stream` frames of little-endian values. Each line or frame has one answer, in order, as NDJSON, or as server-sent events where `accept` asks for them. Neither side waits for the end of the other.',
    answers,
    '```sh\n(for i in 1 2 3; do echo "[$i]"; sleep 1; done) | curl -N -T . -X POST -H \'content-type: application/x-ndjson\' http://127.0.0.1:8080/v1/models/total/stream\n```',
  ].join('\n\n'),
  response: {
    200: {
      description: 'The answers',
      content: {
        'application/x-ndjson': {
          schema: z.string().meta({
            examples: ['{"position":1,"predictions":[{"output":[[0.0132]]}]}\n'],
          }),
        },
        'text/event-stream': {
          schema: answerEvents,
        },
      },
    },
    ...problems,
  },
});

export const describeSocket = (of: keyof typeof inputs) => ({
  operationId: of === 'session' ? 'connectSession' : 'connectModel',
  tags: of === 'session' ? ['sessions'] : ['tasks'],
  summary: `A WebSocket that answers ${inputs[of]}`,
  description: [
    'A text message is JSON, as a line of the POST; a binary one has frames of little-endian values. Each has its answer, in order, as a text message.',
    answers,
    'It is closed with 4000 + the status of the error, with 1012 when the server shuts down: the client may connect again, and goes on. An API key may be a subprotocol, `unroll.key.<key>`, beside `unroll`, which is the one that the server chooses:',
    "```js\nconst socket = new WebSocket('ws://127.0.0.1:8080/v1/models/vad/stream?dtype=int16&samples=128', ['unroll', `unroll.key.${key}`]);\n```",
  ].join('\n\n'),
  response: {
    101: z.null().describe('The connection is a WebSocket from here on'),
    ...problems,
  },
});
