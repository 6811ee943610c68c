import { fill, json, keys, most, timeout, times, type HostileBody } from './hostile-body.ts';

// Bodies in OpenAI's form that are expensive to parse, to read, to run or to answer.

const completions = '/v1/completions';
const embeddings = '/v1/embeddings';
const fineTuning = '/v1/fine_tuning/jobs';

const form = (parts: string): Pick<HostileBody, 'path' | 'headers' | 'body'> => ({
  path: '/v1/files',
  headers: { 'content-type': 'multipart/form-data; boundary=edge' },
  body: () => `${parts}--edge--\r\n`,
});
const field = (name: string, value: string): string =>
  `--edge\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (text: string): string =>
  `--edge\r\ncontent-disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n${text}\r\n`;

export const bodiesOfOpenai: Readonly<Record<string, HostileBody>> = {
  '900,000 ids of a prompt': {
    path: completions,
    body: () => `{"model":"moby","prompt":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /prompt: at most 8192 steps/,
  },
  '256 prompts of 3,500 ids': {
    path: completions,
    body: json({ model: 'moby', prompt: times(256, () => Array<number>(3500).fill(1)), ...timeout }),
    statuses: [200, 503, 504],
  },
  '95,000 prompts': {
    path: completions,
    body: () => `{"model":"moby","prompt":[${fill('"ab",', 475_000)}""]}`,
    statuses: [400],
    says: /prompt: at most 256/,
  },
  '900,000 ids, and a text': {
    path: completions,
    body: () => `{"model":"moby","prompt":[${fill('1,', 1_800_000)}"a"]}`,
    statuses: [400],
    says: /prompt\[900000\]/,
  },
  'a prompt of 4 MB, repeated': {
    path: completions,
    body: json({ model: 'moby', prompt: fill('abc ', most), echo: true }),
    statuses: [400],
    says: /prompt/,
  },
  '256 long prompts, repeated in a stream': {
    path: completions,
    body: json({
      model: 'moby',
      prompt: times(256, () => fill('abc ', 8000)),
      echo: true,
      stream: true,
      max_tokens: 2,
      ...timeout,
    }),
    statuses: [200, 400, 503, 504],
  },
  'as many scores as a reply takes': {
    path: completions,
    body: json({ model: 'moby', prompt: 'a', n: 3, max_tokens: 4000, logprobs: 20, temperature: 5 }),
    statuses: [200],
  },
  '256 texts of 4,096 tokens with 20 alternatives': {
    path: completions,
    body: json({ model: 'moby', prompt: 'a', n: 256, max_tokens: 4096, logprobs: 20 }),
    statuses: [400],
    says: /logprobs/,
  },
  '40,000 parameters that are null': {
    path: completions,
    body: () => `{"model":"moby","prompt":"a","max_tokens":1,${keys(40_000).replaceAll(':1', ':null')}}`,
    statuses: [200],
  },
  '40,000 parameters that do not exist': {
    path: completions,
    body: () => `{"model":"moby",${keys(40_000)}}`,
    statuses: [400],
    says: /k0/,
  },
  '40,000 biases': {
    path: completions,
    body: () => `{"model":"moby","prompt":"a","logit_bias":{${keys(40_000)}}}`,
    statuses: [400],
    says: /logit_bias/,
  },
  'metadata of 40,000 fields': {
    path: completions,
    body: () => `{"model":"moby","prompt":"a","max_tokens":1,"metadata":{${keys(40_000)}}}`,
    statuses: [200],
  },
  '900,000 ids to embed': {
    path: embeddings,
    body: () => `{"model":"language","input":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /input: at most 8192 steps/,
  },
  '256 lists of ids to embed': {
    path: embeddings,
    body: json({ model: 'language', input: times(256, () => Array<number>(3500).fill(1)), ...timeout }),
    statuses: [200, 503, 504],
  },
  '300,000 empty lists of ids to embed': {
    path: embeddings,
    body: () => `{"model":"language","input":[${fill('[],', 300_000)}[]]}`,
    statuses: [400],
  },
  '40,000 hyperparameters': {
    path: fineTuning,
    body: () => `{"model":"moby","training_file":"a","hyperparameters":{${keys(40_000)}}}`,
    statuses: [400],
    says: /hyperparameters/,
  },
  'a list of 300,000 integrations': {
    path: fineTuning,
    body: () => `{"model":"moby","training_file":"a","integrations":[${fill('1,', 600_000)}1]}`,
    statuses: [400],
    says: /integrations/,
  },
  'a form of 20,000 fields': {
    ...form(fill(field('purpose', 'fine-tune'), 2_000_000)),
    statuses: [400],
    says: /malformed_multipart/,
  },
  'a form of 4 MB in its purpose': {
    ...form(field('purpose', fill('a', most - 1000))),
    statuses: [400],
    says: /purpose/,
  },
  'a file of 1,000,000 lines that are not records': {
    ...form(field('purpose', 'fine-tune') + file(fill('1\n', 2_000_000))),
    statuses: [400],
    says: /line 1/,
  },
  'a file of a line of lists': {
    ...form(field('purpose', 'fine-tune') + file('['.repeat(1_000_000))),
    statuses: [400],
    says: /line 1/,
  },
};
