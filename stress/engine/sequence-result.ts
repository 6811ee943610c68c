import type { Hypothesis } from '../../src/decoding/search.ts';
import type { SequenceEvent } from '../../src/engine/delivery.ts';

/** The complete result of a sequence, comparable bit by bit. */
export interface SequenceResult {
  readonly outputs: Uint32Array;
  /** Tokens, hypotheses and the finish reason, as JSON. */
  readonly text: string;
  readonly steps: number;
}

/** The events have a gap, are repeated or out of order. */
class WrongEvents extends Error {}

/**
 * Reads a sequence to its end. @param maxEvents stops reading after this many events @returns null if stopped
 * @throws WrongEvents, and the error that the engine fails the sequence with
 */
export async function readResult(
  events: AsyncIterable<SequenceEvent>,
  want: 'last' | 'every',
  maxEvents = Infinity,
): Promise<SequenceResult | null> {
  const chunks: Float32Array[] = [];
  const content: unknown[] = [];
  let nextStep: number | null = null;
  let nextToken = 0;
  let text = '';
  let steps = -1;
  let count = 0;
  for await (const event of events) {
    if (steps >= 0) throw new WrongEvents(`an event after done: ${event.kind}`);
    if (event.kind === 'outputs') {
      nextStep ??= want === 'every' ? 0 : event.first;
      if (event.first !== nextStep)
        throw new WrongEvents(`outputs of step ${event.first}, expected ${nextStep}`);
      if (event.values.length !== event.steps * event.width)
        throw new WrongEvents(`${event.values.length} values for ${event.steps} steps of ${event.width}`);
      nextStep += event.steps;
      chunks.push(event.values);
    } else if (event.kind === 'token') {
      if (event.index !== nextToken) throw new WrongEvents(`token ${event.index}, expected ${nextToken}`);
      nextToken++;
      content.push([event.id, event.text, event.logprob, event.top]);
    } else if (event.kind === 'text') {
      if (event.index !== nextToken)
        throw new WrongEvents(`text from token ${event.index}, expected ${nextToken}`);
      nextToken += event.tokens;
      text += event.text;
    } else if (event.kind === 'decoded') content.push(event.hypotheses.map(withBits));
    else if (event.kind === 'tensors' || event.kind === 'inside')
      throw new WrongEvents(`${event.kind} of a sequence that did not ask for them`);
    else {
      content.push(text, event.finish);
      steps = event.steps;
    }
    if (++count >= maxEvents) return null;
  }
  if (steps < 0) throw new WrongEvents('the events ended without done');
  const outputs = new Float32Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    outputs.set(chunk, at);
    at += chunk.length;
  }
  return { outputs: new Uint32Array(outputs.buffer), text: JSON.stringify(content), steps };
}

const withBits = ({ attention, ...rest }: Hypothesis): object => ({
  ...rest,
  attention: attention?.map((row) => [...new Uint32Array(row.slice().buffer)]),
});

/** Describes the first difference between two results. @returns null if they are equal */
export function describeDifference(alone: SequenceResult, other: SequenceResult): string | null {
  if (alone.steps !== other.steps) return `${other.steps} steps, alone ${alone.steps}`;
  if (alone.text !== other.text) return `${other.text.slice(0, 400)}\n  alone ${alone.text.slice(0, 400)}`;
  if (alone.outputs.length !== other.outputs.length)
    return `${other.outputs.length} numbers, alone ${alone.outputs.length}`;
  const first = alone.outputs.findIndex((bits, i) => bits !== other.outputs[i]);
  if (first < 0) return null;
  const differing = alone.outputs.filter((bits, i) => bits !== other.outputs[i]).length;
  const [a, b] = [alone, other].map(({ outputs }) => outputs[first]!.toString(16));
  return `${differing} of ${alone.outputs.length} numbers differ, the first at ${first}: 0x${b}, alone 0x${a}`;
}
