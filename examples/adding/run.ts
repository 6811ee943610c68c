import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRng } from '../../src/random.ts';
import { jsonl } from '../example.ts';
import { plot, type Chart } from '../plot.ts';
import { addingRecords } from './problem.ts';

// The adding problem given to rnn, lstm and gru with as many parameters each, as a comparison through the
// API, and a plot of how they learn and how far their gradients reach.   node examples/adding/run.ts --server
// URL

const { values } = parseArgs({
  options: {
    server: { type: 'string', default: 'http://127.0.0.1:8080' },
    out: { type: 'string', default: 'docs/adding.svg' },
    lengths: { type: 'string', default: '100,200' },
    epochs: { type: 'string', default: '16' },
  },
});
const examples = 20_000;
const solved = 0.04;
const charts: Chart[] = [];

interface Compared {
  readonly id: string;
  readonly status: string;
  readonly trials: readonly { readonly job: string; readonly cell: string }[];
}
interface Event {
  readonly type: string;
  readonly step: number;
  readonly data: Record<string, never> & { flow?: Record<string, number[]>; validation_mae?: number };
}

for (const steps of values.lengths.split(',').map(Number)) {
  const data = jsonl(addingRecords(examples, steps, createRng(1, steps)));
  const uploaded = await call<{ id: string }>(
    `/v1/datasets?name=adding-${steps}&task=predict`,
    data.text,
    data.type,
  );
  let compared = await call<Compared>('/v1/training/comparisons', {
    model: `adding-${steps}`,
    spec: {
      task: 'predict',
      network: {
        layers: [
          { type: 'recurrent', name: 'remember', cell: 'lstm', units: 64 },
          { type: 'dense', name: 'sum' },
        ],
      },
      data: { dataset: uploaded.id },
      validation: { share: 0.05 },
      hyperparameters: {
        batch_size: 50,
        learning_rate: 0.002,
        schedule: { type: 'cosine', warm_up: 0.02, floor: 0.05 },
        clip: { norm: 1 },
        gradient_flow_every: 200,
      },
      budget: { epochs: Number(values.epochs) },
      seed: 1,
    },
    target: { metric: 'validation_mae', value: solved },
  });
  while (compared.status === 'running') {
    await delay(2000);
    compared = await call<Compared>(`/v1/training/comparisons/${compared.id}`);
  }
  console.log(`T = ${steps}`);
  console.table(compared.trials);
  const events = await Promise.all(
    compared.trials.map(async ({ job, cell }) => ({
      cell,
      events: (await call<{ data: Event[] }>(`/v1/training/jobs/${job}/events?limit=1000`)).data,
    })),
  );
  charts.push(
    {
      title: `Adding problem, T = ${steps}: mean absolute error`,
      x: 'training step',
      y: 'error on data not learned from',
      lines: events.map(({ cell, events: jobEvents }) => ({
        name: cell,
        points: jobEvents.flatMap(({ type, step, data: { validation_mae: error } }) =>
          type === 'metrics' && error !== undefined ? [[step, error] as const] : [],
        ),
      })),
      mark: { value: solved, name: 'solved' },
    },
    {
      title: `|∂L/∂h| by distance from the loss, half-way`,
      x: 'steps before the end',
      y: 'root mean square',
      logarithmic: true,
      lines: events.map(({ cell, events: jobEvents }) => ({
        name: cell,
        points: halfway(jobEvents).map((norm, distance) => [distance, norm] as const),
      })),
    },
  );
}
/** The gradient's norm by distance at the middle one of the looks at it. */
function halfway(events: readonly Event[]): number[] {
  const looks = events.filter(({ type }) => type === 'gradient_flow');
  return looks[Math.floor(looks.length / 2)]?.data.flow?.['remember'] ?? [];
}

writeFileSync(values.out, plot(charts));
console.log(`wrote ${values.out}`);

async function call<T>(path: string, body?: object | string, type = 'application/json'): Promise<T> {
  const response = await fetch(`${values.server}${path}`, {
    ...(body !== undefined && {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    }),
  });
  const json = (await response.json()) as T & { detail?: string };
  if (!response.ok) throw new Error(`${response.status}: ${json.detail}`);
  return json;
}
