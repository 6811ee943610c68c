import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createStateTokens } from '../../src/sessions/state-token.ts';
import { readSnapshot } from '../../src/sessions/snapshot.ts';
import type { Sessions } from '../../src/sessions/sessions.ts';
import type { ServedModel } from '../../src/repository/repository-interface.ts';
import type { Continuation } from '../../src/tasks/continuation.ts';
import { embed } from '../../src/tasks/embed.ts';
import { predict } from '../../src/tasks/predict.ts';
import type { TaskInput } from '../../src/tasks/task-input.ts';
import { createRng } from '../../src/random.ts';
import { everything, serveSessions } from './session-server.ts';

// Any interleaving of steps, forks, marks, ways back, snapshots, moves, evictions and tokens gives the bits of one
// uninterrupted run.

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const words = ['a', 'b', 'c'];
/** A step: a word, or features. */
type Row = string | number[];
const inputs = { kind: 'numeric', features: [{ name: 'x' }, { name: 'y' }, { name: 'z' }] };
const predicting = (...layers: object[]) => ({
  task: 'predict',
  inputs,
  network: { layers: [...layers, { type: 'dense', units: 2 }] },
});
const recurrent = (cell: string, units: number, more: object = {}) => ({
  type: 'recurrent',
  cell,
  units,
  ...more,
});
const models = {
  lstm: predicting(recurrent('lstm', 17)),
  gru: predicting(recurrent('gru', 17)),
  'gru-before': predicting(recurrent('gru', 5, { reset: 'before' })),
  rnn: predicting(recurrent('rnn', 17)),
  'rnn-relu': predicting(recurrent('rnn', 1, { activation: 'relu' })),
  stacked: predicting(
    { type: 'conv1d', units: 9, kernel: 3, dilation: 2, padding: 'causal' },
    recurrent('lstm', 33),
    recurrent('gru', 3),
    { type: 'pool', mode: 'mean' },
  ),
  chain: {
    task: 'tag',
    inputs: { kind: 'text', vocabulary: 'whitespace', tokens: ['?', ...words], unknown: 0 },
    network: {
      layers: [
        { type: 'embedding', vocabulary: 4, units: 5 },
        recurrent('gru', 7),
        { type: 'dense', units: 2 },
        { type: 'crf' },
      ],
    },
    outputs: { labels: ['a', 'b'] },
  },
};
const imported = {
  stateful: 'onnx-files/stateful-16.onnx',
  'written-out': 'onnx-files/views/cell-written-out.onnx',
  'with-states': 'onnx-files/views/step-with-states.onnx',
  'two-layers': 'onnx-files/views/states-of-two-layers.onnx',
};

let server: Awaited<ReturnType<typeof serveSessions>>;
beforeAll(async () => {
  server = await serveSessions(models, imported);
});
afterAll(() => server.close(server.servers));

/** A sequence as it should be: its steps, and the outputs that were given for them. */
interface Line {
  readonly id: string;
  readonly at: Sessions;
  rows: Row[];
  outputs: number[];
}

const operation = fc.record({
  kind: fc.constantFrom(
    'step',
    'step',
    'step',
    'fork',
    'mark',
    'to-mark',
    'back',
    'snapshot',
    'move',
    'token',
  ),
  line: fc.nat(),
  steps: fc.integer({ min: 1, max: 9 }),
});

test.for([...Object.keys(models), ...Object.keys(imported)])('%s', async (name) => {
  const lease = server.repository.acquire(name);
  const model = lease.model as ServedModel;
  const reads = model.spec.inputs;
  const signal = new AbortController().signal;
  const rng = createRng(1, 0);
  const newRow = (): Row =>
    reads.kind === 'text'
      ? words[Math.floor(rng.next() * words.length)]!
      : reads.features.map(() => Math.fround(rng.next() - 0.5));
  const newRows = (count: number): Row[] => Array.from({ length: count }, newRow);
  const run = async (rows: Row[], continuation?: Continuation): Promise<number[]> => {
    const call = { model, signal, continuation };
    const input = (reads.kind === 'text' ? [rows] : rows) as TaskInput;
    if (model.chain)
      return (await embed(server.context, call, { input, each: true })).embeddings.flatMap((one) => [...one]);
    return (await predict(server.context, call, { input, each: true })).predictions.flatMap((one) => [
      ...one,
    ]);
  };
  const tokens = createStateTokens('secret', 600);

  await fc.assert(
    fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 25 }), async (operations) => {
      const begin = async (at: Sessions): Promise<Line> => {
        const { id } = await at.create({ model: name, keep_steps: 8 }, everything);
        return { id, at, rows: [], outputs: [] };
      };
      const lines: Line[] = [await begin(server.servers[0])];
      const marked = new Map<string, Pick<Line, 'rows' | 'outputs'>>();
      const step = async (line: Line, count: number): Promise<void> => {
        const rows = newRows(count);
        const { result } = await line.at.run(line.id, everything, { signal }, ({ continuation }) =>
          run(rows, continuation),
        );
        line.rows = [...line.rows, ...rows];
        line.outputs = [...line.outputs, ...result];
      };
      for (const { kind, line: which, steps } of operations) {
        const line = lines[which % lines.length]!;
        const { id, at, rows, outputs } = line;
        if (kind === 'step') await step(line, steps);
        else if (kind === 'fork') {
          const [fork] = await at.fork(id, 1, everything);
          lines.push({ ...line, id: fork!.id });
        } else if (kind === 'mark') {
          await at.mark(id, 'here', everything);
          marked.set(id, { rows, outputs });
        } else if (kind === 'to-mark' && marked.has(id)) {
          await at.rewind(id, { mark: 'here' }, everything, { signal });
          Object.assign(line, marked.get(id));
        } else if (kind === 'back') {
          const each = rows.length === 0 ? 0 : outputs.length / rows.length;
          const { history } = await at.get(id, everything);
          const back = history.length === 0 ? 0 : Math.min(steps, 8, rows.length);
          const kept = rows.length - back;
          if (history.length > 0 && history[0]!.from.steps > kept) continue;
          await at.rewind(id, { steps: back }, everything, { signal });
          Object.assign(line, { rows: rows.slice(0, kept), outputs: outputs.slice(0, kept * each) });
        } else if (kind === 'snapshot' || kind === 'move') {
          const bytes = await at.snapshot(id, everything);
          const to = kind === 'move' ? server.servers[at === server.servers[0] ? 1 : 0] : at;
          const copy = `copy-${rng.next()}`.replace('.', '-');
          await to.restore(copy, readSnapshot(bytes), everything);
          lines.push({ ...line, id: copy, at: to });
        } else if (kind === 'token') {
          const session = await at.get(id, everything);
          const read = tokens.read(tokens.write(session, null), null);
          const own = newRows(steps);
          const continuation = { ...read, from: read.state ?? undefined, keep: () => {} };
          const result = await run(own, continuation);
          expect([...outputs, ...result]).toEqual(await run([...rows, ...own]));
        }
      }
      for (const line of lines) {
        await step(line, 2);
        expect(line.outputs).toEqual(await run(line.rows));
        await line.at.remove(line.id, everything);
      }
    }),
    { numRuns: 12 },
  );
  lease.release();
});
