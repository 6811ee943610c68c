import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRing, createRingReader, createRingWriter } from '../../../src/engine/channel/ring.ts';

const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 });

test('transfers every message whole and in order, for every size and every interleaving of reads and writes', () => {
  fc.assert(
    fc.property(fc.constantFrom(8, 16, 32, 64), messages, fc.array(fc.nat(4)), (capacity, sent, turns) => {
      const ring = createRing(capacity);
      const writer = createRingWriter(ring);
      const reader = createRingReader(ring);
      const received: Uint8Array[] = [];
      sent.forEach((message, index) => {
        writer.write(message);
        for (let read = turns[index] ?? 0; read > 0; read--) {
          const next = reader.read();
          if (next) received.push(next);
        }
      });
      for (let flushed = false; !flushed || received.length < sent.length;) {
        flushed = writer.flush();
        for (let next = reader.read(); next; next = reader.read()) received.push(next);
      }
      expect(received.map((bytes) => [...bytes])).toEqual(sent.map((bytes) => [...bytes]));
      expect(reader.read()).toBeNull();
    }),
  );
});

test('continues correctly when positions wrap at 2^32', () => {
  const ring = createRing(64);
  new Int32Array(ring)[0] = -20;
  new Int32Array(ring)[16] = -20;
  const writer = createRingWriter(ring);
  const reader = createRingReader(ring);
  for (let round = 0; round < 10; round++) {
    const message = Uint8Array.from({ length: 13 }, (_, i) => round * 16 + i);
    writer.write(message);
    expect(reader.read()).toEqual(message);
  }
});

test('does not return a message before it is complete', () => {
  const ring = createRing(8);
  const writer = createRingWriter(ring);
  const reader = createRingReader(ring);
  writer.write(new Uint8Array(9));
  expect(reader.read()).toBeNull();
  expect(writer.flush()).toBe(true);
  expect(reader.read()).toHaveLength(9);
});

test('rejects a capacity that is not a power of two', () => {
  expect(() => createRing(48)).toThrow(RangeError);
});
