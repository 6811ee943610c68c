// A job that learns in a second: the label is the letter that a text begins with.

const letters = ['a', 'b'];
const words = Array.from(
  { length: 64 },
  (_, i) => letters[i % 2]! + [0, 1, 2, 3, 4].map((bit) => letters[(i >> bit) & 1]).join(''),
);
export const records = words.map((text) => ({ text, label: text.startsWith('a') ? 'x' : 'y' }));
/** The same with the labels exchanged, from which a worse model is trained. */
export const wrong = records.map(({ text, label }) => ({ text, label: label === 'x' ? 'y' : 'x' }));

/** @param more fields of the request that differ */
export const lettersJob = (more: object = {}) => ({
  model: 'letters',
  task: 'classify',
  network: {
    layers: [
      { type: 'embedding', units: 4 },
      { type: 'recurrent', cell: 'gru', units: 6 },
      { type: 'dense' },
    ],
  },
  data: { records },
  validation: { records },
  hyperparameters: { learning_rate: 0.05, batch_size: 16 },
  budget: { epochs: 15 },
  ...more,
});
