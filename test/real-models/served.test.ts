import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/network/weights.ts';
import type { DecodeReply } from '../../src/http/v1/json/decode.ts';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';
import { addRealModel, readRealJson, realFile } from './files.ts';

// Models that others trained, served from their own files.

const root = mkdtempSync(join(tmpdir(), 'unroll-real-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const serve = (name: string, spec: object, file: string, content?: Uint8Array): void =>
  addRealModel(root, name, file, { spec, ...(content ? { content } : {}) });

describe('a model that others trained', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    serveSpelling();
    serveRiver();
    serveThai();
    serveText();
    server = await startServer(root);
  });
  afterAll(() => server.stop());

  it('g2p-en, npz: pronounces 500 words as its author’s code does', async () => {
    const expected = readRealJson('g2p-en/expected_500_words.json') as Record<string, string[]>;
    const words = Object.keys(expected);
    const spoken: string[][] = [];
    for (let from = 0; from < words.length; from += 50) {
      const { predictions } = await server.ask<DecodeReply>('/v1/models/g2p-en/decode', {
        input: words.slice(from, from + 50).map((word) => [...word, '</s>']),
        max_length: 20,
      });
      spoken.push(...predictions.map(({ hypotheses }) => hypotheses[0]!.tokens));
    }
    expect(spoken).toEqual(Object.values(expected));
  });

  it('noaa-lstm, PyTorch: 720 hours of a river, its tensors views of one storage', async () => {
    const { q_mm_h: expected } = readRealJson('noaa-lstm/expected_cat67.json') as { q_mm_h: number[] };
    const [head = '', ...lines] = readFileSync(realFile('noaa-lstm/cat-67.csv'), 'utf8').trim().split('\n');
    const columns = head.split(',');
    const at = ['APCP_surface', 'TMP_2maboveground'].map((name) => columns.indexOf(name));
    const rows = lines.map((line) => {
      const cells = line.split(',').map(Number);
      return [...at.map((column) => cells[column]!), 316.713505221, 5.07506774];
    });
    const { predictions } = await server.ask<{ predictions: { output: number[][] }[] }>(
      '/v1/models/noaa-lstm/predict',
      { input: rows },
    );
    const flow = predictions[0]!.output.map(([q]) => Math.max(0, q!));
    expect(flow).toHaveLength(720);
    flow.forEach((q, hour) => expect(Math.abs(q - expected[hour]!)).toBeLessThan(1e-5));
  });

  it('textgenrnn, HDF5 of CuDNN layers: the text and the probabilities of its own framework', async () => {
    const ids = readRealJson('textgenrnn/textgenrnn_vocab.json') as Record<string, number>;
    const letters = new Map(Object.entries(ids).map(([letter, id]) => [id, letter]));
    const { greedy, steps } = readRealJson('textgenrnn/expected_greedy.json') as {
      greedy: string;
      steps: { top: number; p_top: number; p0_9: number[] }[];
    };
    const written = [ids['<s>']!];
    let worst = 0;
    for (const { top, p_top: p, p0_9: first } of steps) {
      const padded = [...Array<number>(windowSteps).fill(0), ...written].slice(-windowSteps);
      const { predictions } = await server.ask<{ predictions: { output: number[] }[] }>(
        '/v1/models/textgenrnn/predict',
        { input: [padded.map((id) => letters.get(id) ?? '<pad>')] },
      );
      const { output } = predictions[0]!;
      const best = output.indexOf(Math.max(...output));
      expect(best).toBe(top);
      worst = Math.max(
        worst,
        ...[p, ...first].map((value, i) => Math.abs(value - output[i === 0 ? best : i - 1]!)),
      );
      written.push(best);
    }
    expect(steps).toHaveLength(30);
    expect(worst).toBeLessThan(1e-5);
    expect(
      greedy.startsWith(
        written
          .slice(1)
          .map((id) => letters.get(id))
          .join(''),
      ),
    ).toBe(true);
  });

  it('icu-thai, arrays in Keras’ layout: where Thai words begin and end', async () => {
    const { testcases } = readRealJson('icu-thai/test_text_codepoints.json') as {
      testcases: { unseg: string; expected_bies: string }[];
    };
    const { predictions } = await server.ask<{ predictions: { tokens: { label: string }[] }[] }>(
      '/v1/models/icu-thai/tag',
      { input: testcases.map(({ unseg }) => unseg) },
    );
    expect(predictions.map(({ tokens }) => tokens.map(({ label }) => label).join(''))).toEqual(
      testcases.map((one) => one.expected_bies),
    );
  });
});

/** textgenrnn reads windows of 40 characters, with padding before those that are shorter. */
const windowSteps = 40;

function serveText(): void {
  const ids = readRealJson('textgenrnn/textgenrnn_vocab.json') as Record<string, number>;
  const tokens = ['<pad>', ...Object.keys(ids).toSorted((a, b) => ids[a]! - ids[b]!)];
  const cells = (name: string): [string, object][] => [
    ...(['weight_ih', 'weight_hh'] as const).map((part): [string, object] => {
      const theirs = part === 'weight_ih' ? 'kernel' : 'recurrent_kernel';
      const how = { layout: 'cudnn', gates: 'keras' };
      return [`${name}.0.forward.${part}`, { array: `${name}/${name}/${theirs}:0`, ...how }];
    }),
    ...['bias_ih', 'bias_hh'].map((part, row): [string, object] => [
      `${name}.0.forward.${part}`,
      { array: `${name}/${name}/bias:0`, row, gates: 'keras' },
    ]),
  ];
  serve(
    'textgenrnn',
    {
      task: 'predict',
      inputs: { kind: 'text', vocabulary: 'characters', tokens, normalize: 'none' },
      network: {
        layers: [
          { type: 'embedding', name: 'letters', vocabulary: 465, units: 100 },
          { type: 'recurrent', name: 'rnn_1', cell: 'lstm', units: 128 },
          { type: 'recurrent', name: 'rnn_2', cell: 'lstm', units: 128 },
          { type: 'concat', name: 'all', inputs: ['letters', 'rnn_1', 'rnn_2'] },
          { type: 'pool', name: 'attention', mode: 'attention' },
          { type: 'dense', name: 'out', units: 465, activation: 'softmax' },
        ],
      },
      weights: {
        file: 'textgenrnn_weights.hdf5',
        tensors: Object.fromEntries([
          ['letters.weight', 'embedding/embedding/embeddings:0'],
          ...cells('rnn_1'),
          ...cells('rnn_2'),
          ['attention.weight', { array: 'attention/attention/attention_W:0', transpose: true, row: 0 }],
          ['out.weight', { array: 'output/output/kernel:0', transpose: true }],
          ['out.bias', 'output/output/bias:0'],
        ]),
      },
    },
    'textgenrnn/textgenrnn_weights.hdf5',
  );
}

function serveSpelling(): void {
  const vowels = ['AA', 'AE', 'AH', 'AO', 'AW', 'AY', 'EH', 'ER', 'EY', 'IH', 'IY', 'OW', 'OY', 'UH', 'UW'];
  const consonants = 'B CH D DH F G HH JH K L M N NG P R S SH T TH V W Y Z ZH'.split(' ');
  const stressed = vowels.flatMap((vowel) => [0, 1, 2].map((stress) => `${vowel}${stress}`));
  const phonemes = [...stressed, ...consonants, 'UW'].sort();
  const gru = (ours: string, theirs: string): [string, string][] =>
    ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((part) => [
      `${ours}.0.forward.${part}`,
      `${theirs}_${part.replace('weight', 'w').replace('bias', 'b')}`,
    ]);
  serve(
    'g2p-en',
    {
      task: 'decode',
      inputs: {
        kind: 'text',
        vocabulary: 'characters',
        tokens: ['<pad>', '<unk>', '</s>', ...'abcdefghijklmnopqrstuvwxyz'],
        unknown: 1,
      },
      network: {
        encoder: {
          layers: [
            { type: 'embedding', name: 'letters', vocabulary: 29, units: 256 },
            { type: 'recurrent', name: 'read', cell: 'gru', units: 256 },
          ],
        },
        bridge: 'copy',
        layers: [
          { type: 'embedding', name: 'sounds', vocabulary: 74, units: 256 },
          { type: 'recurrent', name: 'say', cell: 'gru', units: 256 },
          { type: 'dense', name: 'out', units: 74 },
        ],
      },
      outputs: {
        vocabulary: {
          kind: 'text',
          vocabulary: 'words',
          tokens: ['<pad>', '<unk>', '<s>', '</s>', ...phonemes],
          start: 2,
          end: 3,
        },
      },
      weights: {
        file: 'checkpoint20.npz',
        tensors: Object.fromEntries([
          ['encoder.letters.weight', 'enc_emb'],
          ...gru('encoder.read', 'enc'),
          ['sounds.weight', 'dec_emb'],
          ...gru('say', 'dec'),
          ['out.weight', 'fc_w'],
          ['out.bias', 'fc_b'],
        ]),
      },
    },
    'g2p-en/checkpoint20.npz',
  );
}

function serveRiver(): void {
  serve(
    'noaa-lstm',
    {
      task: 'predict',
      inputs: {
        kind: 'numeric',
        features: [
          { name: 'APCP_surface', mean: 0.14485099911689758, scale: 0.8656719923019409 },
          { name: 'TMP_2maboveground', mean: 284.62091064453125, scale: 45.76715850830078 },
          { name: 'elev_mean', mean: 715.0357281553398, scale: 772.9868594812874 },
          { name: 'slope_mean', mean: 45.73078805825243, scale: 46.97479379837598 },
        ],
      },
      network: {
        layers: [
          { type: 'recurrent', name: 'lstm', cell: 'lstm', units: 126 },
          { type: 'dense', name: 'head', units: 1 },
        ],
      },
      outputs: {
        units: [{ name: 'flow, mm/h', mean: 0.07877858728170395, scale: 0.18175311386585236 }],
      },
      weights: { file: 'model_epoch009.pt', layers: { head: 'head.net.0' } },
    },
    'noaa-lstm/model_epoch009.pt',
  );
}

function serveThai(): void {
  const found = readRealJson('icu-thai/model/weights.json') as Record<
    string,
    { dim: number[]; data: number[] }
  > & {
    dic: Record<string, number>;
  };
  const arrays = new Map(
    Array.from({ length: 9 }, (_, i): [string, Tensor] => {
      const { dim, data } = found[`mat${i + 1}`]!;
      return [`mat${i + 1}`, { shape: dim, values: Float32Array.from(data) }];
    }),
  );
  const cell = (direction: string, first: number): [string, object | 0][] => [
    [`cells.0.${direction}.weight_ih`, { array: `mat${first}`, transpose: true, gates: 'keras' }],
    [`cells.0.${direction}.weight_hh`, { array: `mat${first + 1}`, transpose: true, gates: 'keras' }],
    [`cells.0.${direction}.bias_ih`, { array: `mat${first + 2}`, gates: 'keras' }],
    [`cells.0.${direction}.bias_hh`, 0],
  ];
  serve(
    'icu-thai',
    {
      task: 'tag',
      inputs: {
        kind: 'text',
        vocabulary: 'characters',
        tokens: [...Object.keys(found.dic), '<unknown>'],
        unknown: 73,
        normalize: 'none',
      },
      network: {
        layers: [
          { type: 'embedding', name: 'points', vocabulary: 74, units: 40 },
          { type: 'recurrent', name: 'cells', cell: 'lstm', units: 27, bidirectional: true },
          { type: 'dense', name: 'out', units: 4, activation: 'softmax' },
        ],
      },
      outputs: { labels: ['b', 'i', 'e', 's'] },
      weights: {
        file: 'arrays.safetensors',
        tensors: Object.fromEntries([
          ['points.weight', 'mat1'],
          ...cell('forward', 2),
          ...cell('backward', 5),
          ['out.weight', { array: 'mat8', transpose: true }],
          ['out.bias', 'mat9'],
        ]),
      },
    },
    'arrays.safetensors',
    writeSafetensors(arrays),
  );
}
