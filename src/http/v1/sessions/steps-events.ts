import { z } from 'zod';
import { classifyEvents } from '../schemas/classify.ts';
import { decodeEvents } from '../schemas/decode.ts';
import { generateEvents } from '../schemas/generate.ts';
import { predictEvents } from '../schemas/predict.ts';
import { streamEvents } from '../schemas/stream-events.ts';
import { tagEvents } from '../schemas/tag.ts';
import { sessionPosition } from './steps-body.ts';

const tasks = [classifyEvents, tagEvents, decodeEvents, predictEvents, generateEvents] as const;

/** The events of the model's task; `done` has the session after the call. */
export const stepsEvents = streamEvents('SessionStepEvent', {
  step: z.union([classifyEvents.step, predictEvents.step]),
  token: z.union([tagEvents.token, decodeEvents.token, generateEvents.token]),
  done: z.union(tasks.map(({ done }) => done.extend({ session: sessionPosition })) as never),
});
