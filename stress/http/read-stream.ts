import { createParser } from 'eventsource-parser';

export interface StreamEvent {
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

export function readStream(text: string): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) =>
      events.push({ id, name: event, data: JSON.parse(data) as Record<string, unknown> }),
  });
  parser.feed(text);
  return events;
}

/**
 * Checks a stream's last event, its ids, and that its tokens join to its text.
 * @returns an error message, or null
 */
export function findStreamProblem(events: readonly StreamEvent[]): string | null {
  const last = events.at(-1);
  if (last?.name !== 'done') return `ended with ${last?.name ?? 'nothing'}: ${JSON.stringify(last?.data)}`;
  const mismatch = events.findIndex(({ id }, index) => id !== String(index));
  if (mismatch >= 0) return `event ${mismatch} has the id ${events[mismatch]!.id}`;
  const generations = (last.data['generations'] ?? []) as { text: string }[];
  for (const [choice, { text }] of generations.entries()) {
    const tokens = events.filter(({ name, data }) => name === 'token' && data['choice'] === choice);
    const joined = tokens.map(({ data }) => String(data['text'])).join('');
    if (joined !== text) return `its tokens spell "${joined}", its text is "${text}"`;
  }
  return null;
}
