import { expect, it } from 'vitest';
import { createInputQueue } from '../../../../src/http/v1/input-streams/input-queue.ts';
import { readMessages, type Message } from '../../../../src/http/v1/input-streams/read-messages.ts';
import type { StreamInput } from '../../../../src/http/v1/input-streams/stream-input.ts';

/** Frames of one byte, and how many have been made. */
function setUp() {
  const made = { frames: 0 };
  const queue = createInputQueue<Message>({ pause() {}, resume() {} });
  const inputs = readMessages(
    queue,
    () => ({
      valueBytes: 1,
      frameBytes: 1,
      *push(chunk) {
        for (const byte of chunk) {
          made.frames++;
          yield { kind: 'frame', values: Float32Array.of(byte), unit: 'frame', number: 0 };
        }
      },
      end() {},
    }),
    undefined,
  );
  const push = (data: Buffer, isBinary = true): void => queue.push({ data, isBinary }, data.length);
  return { made, queue, inputs, push };
}
const valueOf = (input: StreamInput | null) =>
  input?.kind === 'frame' ? [input.values[0], input.number] : input && [String(input.bytes), input.number];

it('gives the frames of each message and the texts in order, with the number of the message', () => {
  const { inputs, push, queue } = setUp();
  push(Buffer.of(5, 6));
  push(Buffer.from('{}'), false);
  push(Buffer.of(7));
  queue.end();
  const taken = Array.from({ length: 4 }, () => valueOf(inputs.take()));
  expect(taken).toEqual([
    [5, 1],
    [6, 1],
    ['{}', 2],
    [7, 3],
  ]);
  expect(inputs.take()).toBeNull();
  expect(inputs.ended).toBe(true);
});

it('makes the frames of a large message as they are taken, not all at once', () => {
  const { made, inputs, push } = setUp();
  push(Buffer.alloc(1_000_000));
  for (let taken = 1; taken <= 10; taken++) {
    inputs.take();
    expect(made.frames).toBeLessThanOrEqual(taken + 1);
  }
});

it('is not at its end while a frame is left', () => {
  const { inputs, push, queue } = setUp();
  push(Buffer.of(1, 2));
  queue.end();
  inputs.take();
  expect(inputs.ended).toBe(false);
  inputs.take();
  expect(inputs.ended).toBe(true);
});
