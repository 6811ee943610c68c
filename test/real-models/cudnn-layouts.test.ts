import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Arrays } from '../../src/formats/arrays.ts';
import { convertCell } from '../../src/formats/keras/recurrent.ts';
import { readImportedFile } from '../../src/formats/read-imported.ts';
import { referenceNetwork } from '../../src/network/reference-network.ts';
import { networkSpec } from '../../src/network/spec.ts';
import type { Tensor } from '../../src/network/weights.ts';
import { readRealJson, realFile } from './files.ts';

// textgenrnn's two LSTMs, saved by Keras 2.1.5 from CuDNN layers: other layouts under the same names and
// shapes. The attention around them is computed here; generating the same text character by character
// verifies the layouts.

describe('the layouts of CuDNN layers', () => {
  it('give the reference text with its probabilities', { timeout: 60_000 }, async () => {
    const { arrays } = await readImportedFile(readFileSync(realFile('textgenrnn/textgenrnn_weights.hdf5')));
    const of = (name: string): Tensor => arrays.get(name)!;
    const { network, weights } = twoLstms(arrays);
    const ids = readRealJson('textgenrnn/textgenrnn_vocab.json') as Record<string, number>;
    const { steps } = readRealJson('textgenrnn/expected_greedy.json') as {
      steps: { top: number; p_top: number }[];
    };
    const attention = of('attention/attention/attention_W:0').values;
    const [kernel, bias] = [of('output/output/kernel:0').values, of('output/output/bias:0').values];

    const written = [ids['<s>']!];
    for (const { top, p_top: p } of steps) {
      const padded = [...Array<number>(40).fill(0), ...written].slice(-40);
      const { output: rows } = referenceNetwork(network, weights, padded);
      const scores = rows.map((row) =>
        Math.exp(row.reduce((sum, value, k) => sum + value * attention[k]!, 0)),
      );
      const all = scores.reduce((sum, score) => sum + score, 0);
      const seen = Array.from({ length: 356 }, (_, k) =>
        rows.reduce((sum, row, t) => sum + (row[k]! * scores[t]!) / all, 0),
      );
      const logits = Array.from(bias, (b, k) =>
        seen.reduce((sum, value, i) => sum + value * kernel[i * 465 + k]!, b),
      );
      const most = Math.max(...logits);
      const best = logits.indexOf(most);
      expect(best).toBe(top);
      expect(1 / logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0)).toBeCloseTo(p, 4);
      written.push(best);
    }
  });
});

/** Embedding, LSTM, LSTM, and all three concatenated. */
function twoLstms(arrays: Arrays) {
  const of = (name: string): Tensor => arrays.get(name)!;
  const weights = new Map<string, Tensor>([['words.weight', of('embedding/embedding/embeddings:0')]]);
  for (const [name, width] of [
    ['rnn_1', 100],
    ['rnn_2', 128],
  ] as const) {
    const parts = ['kernel:0', 'recurrent_kernel:0', 'bias:0'].map((part) => of(`${name}/${name}/${part}`));
    const { tensors } = convertCell('CuDNNLSTM', { units: 128 }, parts, width, '2.1.5');
    for (const [part, tensor] of tensors) weights.set(`${name}.0.forward.${part}`, tensor);
  }
  const network = networkSpec.parse({
    layers: [
      { type: 'embedding', name: 'words', vocabulary: 465, units: 100 },
      { type: 'recurrent', name: 'rnn_1', cell: 'lstm', units: 128 },
      { type: 'recurrent', name: 'rnn_2', cell: 'lstm', units: 128 },
      { type: 'concat', inputs: ['words', 'rnn_1', 'rnn_2'] },
    ],
  });
  return { network, weights };
}
