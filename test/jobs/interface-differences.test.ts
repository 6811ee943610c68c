import { expect, it } from 'vitest';
import { findInterfaceDifferences } from '../../src/jobs/interface-differences.ts';
import { classifierSpec } from '../repository/model-folders.ts';

const text = { kind: 'text', vocabulary: 'characters', tokens: ['a', 'b', 'c'] };
const numeric = (...names: string[]) => ({ kind: 'numeric', features: names.map((name) => ({ name })) });

it('sees no difference in a vocabulary, a description, layers or scales', () => {
  const changes = {
    description: 'other',
    inputs: { ...text, tokens: ['q'] },
    network: { layers: [{ type: 'dense', units: 2 }] },
  };
  expect(findInterfaceDifferences(classifierSpec(), classifierSpec(changes))).toEqual([]);
  const scaled = { kind: 'numeric', features: [{ name: 'a', mean: 3, scale: 2 }] };
  expect(
    findInterfaceDifferences(classifierSpec({ inputs: numeric('a') }), classifierSpec({ inputs: scaled })),
  ).toEqual([]);
});

it.each([
  [{ task: 'tag' }, 'task: tag, was classify'],
  [{ outputs: { labels: ['no', 'yes'] } }, 'outputs.labels: ["no","yes"], was ["yes","no"]'],
  [{ outputs: { labels: ['yes', 'no'], multiLabel: true } }, 'outputs.multiLabel: true, was false'],
  [{ inputs: { ...text, vocabulary: 'words' } }, 'inputs.vocabulary: "words", was "characters"'],
  [{ inputs: { ...text, length: 9 } }, 'inputs.length: 9, was none'],
  [{ inputs: numeric('a') }, 'inputs.kind: "numeric", was "text"'],
])('names what differs: %j', (changes, says) => {
  expect(findInterfaceDifferences(classifierSpec(), classifierSpec(changes))).toContain(says);
});

it('names features and units that differ', () => {
  const before = classifierSpec({ inputs: numeric('a', 'b') });
  expect(findInterfaceDifferences(before, classifierSpec({ inputs: numeric('b', 'a') }))).toEqual([
    'inputs.features: ["b","a"], was ["a","b"]',
  ]);
});
