import {
  classify,
  decode,
  fill,
  generate,
  infer,
  keys,
  most,
  predict,
  type HostileBody,
} from './hostile-body.ts';

// Bodies that are expensive to parse and to validate.

export const bodiesToParse: Readonly<Record<string, HostileBody>> = {
  'lists 2,000,000 deep': {
    path: classify,
    body: () => `{"input":${'['.repeat(2e6)}${']'.repeat(2e6)}}`,
    statuses: [422],
    says: /64/,
  },
  '300,000 unknown keys': {
    path: classify,
    body: () => `{${keys(300_000)}}`,
    statuses: [422],
    says: /body: /,
  },
  '40,000 unknown keys': { path: classify, body: () => `{${keys(40_000)}}`, statuses: [400], says: /k0/ },
  '1,300,000 empty texts': {
    path: classify,
    body: () => `{"input":[${fill('"",', most)}""]}`,
    statuses: [422],
    says: /body: /,
  },
  '1,300,000 empty objects': {
    path: predict,
    body: () => `{"input":[${fill('{},', most)}{}]}`,
    statuses: [422],
    says: /body: /,
  },
  '2,000,000 numbers for texts': {
    path: generate,
    body: () => `{"prompt":[${fill('1,', most)}1]}`,
    statuses: [422],
    says: /body: /,
  },
  '900,000 numbers for texts': {
    path: generate,
    body: () => `{"prompt":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /prompt/,
  },
  '900,000 numbers for suppressed tokens': {
    path: decode,
    body: () => `{"input":"abc","suppress":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /suppress/,
  },
  '95,000 texts': {
    path: classify,
    body: () => `{"input":[${fill('"ab",', 475_000)}""]}`,
    statuses: [422],
    says: /input: at most 256/,
  },
  'a forbidden key at the end of many numbers': {
    path: predict,
    body: () => `{"input":[${fill('1,', 1_900_000)}1],"a\\"__proto__":1,"__proto__":{}}`,
    statuses: [400],
  },
  'deep lists in the data of a tensor': {
    path: infer('births'),
    body: () =>
      `{"inputs":[{"name":"input","datatype":"FP32","shape":[1,1,10],"data":${'['.repeat(1e6)}${']'.repeat(1e6)}}]}`,
    statuses: [422],
    says: /64/,
  },
  '300,000 keys of parameters': {
    path: infer('births'),
    body: () => `{"inputs":[],"parameters":{${keys(300_000)}}}`,
    statuses: [422],
  },
  '900,000 numbers for inputs': {
    path: infer('births'),
    body: () => `{"inputs":[${fill('1,', 1_800_000)}1]}`,
    statuses: [400],
    says: /inputs/,
  },
  '300,000 keys to load a model': {
    path: '/v2/repository/models/nobody/load',
    body: () => `{${keys(300_000)}}`,
    statuses: [422],
  },
  '40,000 keys to list models': {
    path: '/v2/repository/index',
    body: () => `{${keys(40_000)}}`,
    statuses: [200, 400],
  },
};
