import { z } from 'zod';
import { problem } from './reply.ts';

/** Data by the name of its event. */
export type EventData = Readonly<Record<string, z.ZodType>>;

/** The events of a stream: one of `error` may end it instead of the last one. */
export function streamEvents(id: string, events: EventData, error: z.ZodType = problem) {
  const options = Object.entries({ ...events, error }).map(([event, data]) =>
    z.object({ id: z.string().optional(), event: z.literal(event), data }),
  );
  return z
    .discriminatedUnion('event', options as never)
    .describe('An event of the stream; `data` is JSON on a single line')
    .meta({ id }) as z.ZodType<{ readonly event: string; readonly data: unknown }>;
}
