// Bodies that the API's document shows: small enough to train in a second or two.

const spec = {
  task: 'classify',
  network: {
    layers: [
      { type: 'embedding', units: 16 },
      { type: 'recurrent', cell: 'gru', units: 32 },
      { type: 'dense' },
    ],
  },
  data: {
    records: [
      { text: 'good morning', label: 'greeting' },
      { text: 'hello there', label: 'greeting' },
      { text: 'many thanks', label: 'thanks' },
      { text: 'thank you', label: 'thanks' },
    ],
  },
  validation: { share: 0 },
  budget: { epochs: 20 },
};

export const jobExample = { model: 'polite', ...spec };
export const comparisonExample = { model: 'polite', spec, cells: ['gru', 'lstm'] };
