import { createParser } from 'eventsource-parser';
import type { Response } from 'undici';

export interface ReadEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Every event of a stream, read by a parser that others wrote, and the comments between them. */
export async function readEvents(
  reply: Response,
  onEvent: (event: ReadEvent) => void = () => {},
): Promise<{ events: ReadEvent[]; comments: string[] }> {
  const events: ReadEvent[] = [];
  const comments: string[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => {
      const read = { id, event, data: JSON.parse(data) as Record<string, unknown> };
      events.push(read);
      onEvent(read);
    },
    onComment: (comment) => comments.push(comment),
  });
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const chunk of reply.body!) parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
  return { events, comments };
}
