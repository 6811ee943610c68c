/** A job that takes a second, for the documentation: its page sends it as it is. */
export const jobExample = {
  model: 'polite',
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
  hyperparameters: { learning_rate: 0.01, batch_size: 4 },
  budget: { epochs: 100 },
  seed: 1,
};
