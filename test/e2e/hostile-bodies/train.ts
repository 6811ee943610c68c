import {
  comparisons,
  creating,
  fill,
  jobs,
  json,
  keys,
  most,
  times,
  type HostileBody,
} from './hostile-body.ts';

// Bodies of training jobs and comparisons.

const layers = [
  { type: 'embedding', units: 8 },
  { type: 'recurrent', cell: 'gru', units: 8 },
  { type: 'dense' },
];
const records = times(4, (i) => ({ text: i % 2 ? 'good day' : 'bad day', label: i % 2 ? 'a' : 'b' }));
const spec = { task: 'classify', network: { layers }, data: { records }, budget: { steps: 1 } };
const sixteen = times(16, (i) => i + 1);
const grid = Object.fromEntries(
  [
    'batch_size',
    'max_steps',
    'evaluate_every',
    'checkpoint_every',
    'early_stopping.patience',
    'clip.norm',
  ].map((name) => [`hyperparameters.${name}`, sixteen]),
);
const comparisonOfLayers = (count: number) =>
  json({
    model: 'deep',
    spec: {
      ...spec,
      network: {
        layers: [layers[0], ...times(count - 2, () => ({ ...layers[1], layers: 16 })), layers[2]],
      },
    },
    grid: { 'hyperparameters.batch_size': [0] },
  });
export const bodiesToTrain: Readonly<Record<string, HostileBody>> = {
  'a grid of 16⁶ settings': {
    path: comparisons,
    body: json({ model: 'c6', spec, grid }),
    statuses: [400, 422],
    says: /grid: at most 64 trials/,
  },
  'a grid of 30,000 paths': {
    path: comparisons,
    body: () => `{"model":"c9","spec":${JSON.stringify(spec)},"grid":{${keys(30_000)}}}`,
    statuses: [400],
    says: /grid/,
  },
  'a path of 4 MB': {
    path: comparisons,
    body: json({ model: 'cp', spec, grid: { [`hyperparameters${fill('.a', most - 2000)}`]: [1] } }),
    statuses: [400],
    says: /grid/,
  },
  'a comparison of 256 layers': {
    path: comparisons,
    body: comparisonOfLayers(256),
    statuses: [400],
    says: /layers/,
  },
  'a comparison of 64 layers of 16': {
    path: comparisons,
    body: comparisonOfLayers(64),
    statuses: [400, 422],
    says: /batch_size/,
  },
  'a comparison of 64 trials with 9,000 records': {
    path: comparisons,
    body: json({
      model: 'c64',
      spec: {
        ...spec,
        data: { records: times(9000, (i) => ({ text: `good day ${i}`, label: i % 2 ? 'a' : 'b' })) },
      },
      cells: ['gru'],
      grid: { 'hyperparameters.batch_size': sixteen, 'hyperparameters.max_steps': [1, 2, 3, 0] },
    }),
    statuses: [400],
  },
  'a comparison of 64 trials with 9,000 records that can run': {
    path: comparisons,
    body: creating('all64', {
      spec: {
        ...spec,
        data: {
          records: times(9000, (i) => ({ text: `good day ${i}`, label: i % 2 ? 'a' : 'b' })),
        },
      },
      cells: ['gru'],
      grid: { 'hyperparameters.batch_size': sixteen, 'hyperparameters.max_steps': [1, 2, 3, 4] },
    }),
    statuses: [200],
  },
  '9,000 records': {
    path: jobs,
    body: creating('ten', {
      ...spec,
      data: { records: times(9000, (i) => ({ text: fill(`t${i} `, 100), label: `l${i % 3}` })) },
    }),
    statuses: [200],
  },
  '900,000 numbers for tokens': {
    path: jobs,
    body: () =>
      `{"model":"t","task":"classify","data":{"dataset":"x"},"inputs":{"kind":"text","tokens":[${fill('1,', 1_800_000)}1]}}`,
    statuses: [400],
    says: /tokens/,
  },
  '900,000 numbers for records': {
    path: jobs,
    body: () => `{"model":"t","task":"classify","data":{"records":[${fill('1,', 1_800_000)}1]}}`,
    statuses: [400],
    says: /data/,
  },
  'layers with 40,000 unknown keys': {
    path: jobs,
    body: () =>
      `{"model":"t","task":"classify","data":{"dataset":"x"},"network":{"layers":[{"type":"dense",${keys(40_000)}}]}}`,
    statuses: [400, 404],
  },
};
