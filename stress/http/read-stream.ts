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

/** What is wrong with a stream that should have ended with `done`: its ids, its last event, tokens that are not its text. */
export function findStreamProblem(events: readonly StreamEvent[]): string | null {
  const last = events.at(-1);
  if (last?.name !== 'done') return `ended with ${last?.name ?? 'nothing'}: ${JSON.stringify(last?.data)}`;
  const wrong = events.findIndex(({ id }, index) => id !== String(index));
  if (wrong >= 0) return `event ${wrong} has the id ${events[wrong]!.id}`;
  const generations = (last.data['generations'] ?? []) as { text: string }[];
  for (const [choice, { text }] of generations.entries()) {
    const tokens = events.filter(({ name, data }) => name === 'token' && data['choice'] === choice);
    const spelled = tokens.map(({ data }) => String(data['text'])).join('');
    if (spelled !== text) return `its tokens spell "${spelled}", its text is "${text}"`;
  }
  return null;
}
