import type { Random } from '../random.ts';

/** A deterministic call of a shipped model. */
export interface Call {
  readonly model: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The field of the reply with the results, one an input. */
  readonly resultField: 'predictions' | 'embeddings' | 'generations';
  readonly streams: boolean;
}

const words =
  'Alle Menschen sind frei und gleich an Würde Tous les êtres humains naissent libres all human beings are born free the whale captain Ahab said nothing time flies like an arrow 😀 日本 los seres humanos nacen'.split(
    ' ',
  );
const letters = words.filter((word) => /^[a-z]+$/.test(word));

const callsPerTask = 24;
/** Every n-th call of a task is long. */
const longEvery = 5;

/** @param slots of the server: a beam needs one a path */
export function createCalls(random: Random, slots: number): Call[] {
  const text = (maxWords: number): string =>
    Array.from({ length: random.int(1, maxWords) }, () => random.pick(words)).join(' ');
  const call = (model: string, task: string, resultField: Call['resultField'], body: Call['body']): Call => ({
    model,
    path: `/v1/models/${model}/${task}`,
    body,
    resultField,
    streams: task !== 'embed' && !(task === 'decode' && Number(body['n'] ?? 1) > 1),
  });
  return Array.from({ length: callsPerTask }, (_, i) => i % longEvery === 0).flatMap((long) => [
    call('language', 'classify', 'predictions', { input: text(long ? 300 : 20), top_k: 5 }),
    call('language', 'embed', 'embeddings', { input: text(30) }),
    call('brown-tagger', 'tag', 'predictions', { input: text(long ? 300 : 30) }),
    call('moby', 'generate', 'generations', {
      prompt: text(6),
      max_tokens: random.int(1, long ? 800 : 80),
      seed: random.int(0, 1e6),
      temperature: random.pick([0, 0.8, 1.2]),
      top_p: random.pick([1, 0.9]),
      stop: random.pick([[], ['the'], ['whale', ' a']]),
      n: random.pick([1, 1, 2]),
      ...(random.chance(0.5) && { logprobs: 2 }),
    }),
    call('pronounce', 'decode', 'predictions', {
      input: random.pick(letters),
      beam_size: Math.min(slots, random.int(1, 5)),
    }),
    call('names', 'decode', 'predictions', {
      input: random.pick(['female', 'male']),
      temperature: 1,
      n: random.int(1, 3),
      seed: random.int(0, 1e6),
    }),
    call('births', 'predict', 'predictions', {
      input: Array.from({ length: random.int(1, long ? 400 : 30) }, () => drawDay(random)),
    }),
  ]);
}

/** A day's births, the weekday one-hot, and the season. */
function drawDay(random: Random): number[] {
  const weekday = random.int(0, 6);
  const oneHot = Array.from({ length: 7 }, (_, i) => (i === weekday ? 1 : 0));
  return [random.int(7000, 13_000), ...oneHot, Math.sin(random.int(0, 99)), Math.cos(random.int(0, 99))];
}
