import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { createEncoders, decodeToMain, decodeToWorker } from '../../../src/engine/channel/frames.ts';
import type {
  FromWorker,
  SequenceReport,
  StartMessage,
  ToWorker,
} from '../../../src/engine/channel/messages.ts';

const encoders = createEncoders();
/** As it passes the ring: a copy of the bytes. */
const throughMain = (message: FromWorker): FromWorker => decodeToMain(encoders.toMain(message).slice());
const throughWorker = (message: ToWorker): ToWorker => decodeToWorker(encoders.toWorker(message).slice());

const start: StartMessage = {
  kind: 'start',
  sequence: 2 ** 40,
  network: 3,
  input: Int32Array.of(5, -1, 2 ** 31 - 1),
  steps: 'last',
  output: 'output',
  generation: null,
  decode: null,
  from: null,
  keepState: false,
  resume: null,
  windowBytes: -70_000,
  alreadyDelivered: 0,
  inside: undefined,
};

const text = fc.string({ unit: 'binary', maxLength: 200 });
const top = fc.record({ id: fc.nat(), logprob: fc.double(), text });
const id = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const values = fc.float32Array({ maxLength: 50 });
const report: fc.Arbitrary<SequenceReport> = fc.oneof(
  fc.record({ kind: fc.constant('outputs' as const), first: id, steps: fc.nat(), width: fc.nat(), values }),
  fc.record({ kind: fc.constant('inside' as const), first: id, steps: fc.nat(), width: fc.nat(), values }),
  fc.record({
    kind: fc.constant('token' as const),
    index: id,
    id: fc.nat(),
    logprob: fc.double(),
    text,
    top: fc.array(top, { maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constant('done' as const),
    finish: fc.constantFrom(null, 'stop' as const, 'length' as const),
    steps: id,
    runMs: fc.double(),
    state: fc.option(fc.record({ values, nextId: fc.option(fc.nat()), fedIds: fc.array(fc.nat()) })),
  }),
  fc.record({ kind: fc.constant('failed' as const), reason: text }),
);

describe('a message to a worker', () => {
  it('arrives as it was sent, whatever it asks for', () => {
    expect(throughWorker(start)).toEqual(start);
    for (const change of [
      { steps: 'every', output: 'hidden', keepState: true },
      { input: Float32Array.of(0.1, -0, NaN, Infinity) },
      { input: new Int32Array(), output: 'best' },
      { from: Float32Array.of(1, 2) },
      { resume: null, alreadyDelivered: 2 ** 33 },
    ] as Partial<StartMessage>[])
      expect(throughWorker({ ...start, ...change })).toEqual({ ...start, ...change });
    expect(throughWorker({ kind: 'cancel', sequence: 7 })).toEqual({ kind: 'cancel', sequence: 7 });
  });

  it('does not change with the message after it', () => {
    const bytes = encoders.toWorker(start).slice();
    encoders.toWorker({ ...start, sequence: 1, input: new Int32Array(5000) });
    expect(decodeToWorker(bytes)).toEqual(start);
  });
});

describe('reports', () => {
  it('arrive bit for bit, in any mixture and size', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ sequence: id, report }), { maxLength: 20 }), (reports) => {
        const message = { kind: 'reports' as const, reports };
        const arrived = throughMain(message) as typeof message;
        expect(arrived).toEqual(message);
        for (const [i, { report: sent }] of reports.entries()) {
          const got = arrived.reports[i]!.report;
          if (sent.kind !== 'outputs' || got.kind !== 'outputs') continue;
          const bits = ({ buffer, byteOffset, byteLength }: Float32Array): Buffer =>
            Buffer.from(buffer, byteOffset, byteLength);
          expect(bits(got.values).equals(bits(sent.values))).toBe(true);
        }
      }),
    );
  });

  it('arrive beside other messages', () => {
    expect(throughMain({ kind: 'ready' })).toEqual({ kind: 'ready' });
    expect(throughMain({ kind: 'loaded', network: 1, error: 'no' })).toEqual({
      kind: 'loaded',
      network: 1,
      error: 'no',
    });
  });
});
