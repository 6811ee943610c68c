import { expect, test } from 'vitest';
import { readDeclarations } from '../../../examples/language/declarations.ts';

const declarations = readDeclarations();
const english = declarations.find(({ label }) => label === 'en')!;

test('every language has a code of its own, text to learn from and text held out', () => {
  expect(declarations.length).toBeGreaterThanOrEqual(40);
  expect(new Set(declarations.map(({ label }) => label)).size).toBe(declarations.length);
  for (const { label, name, train, heldOut } of declarations) {
    expect(label).toMatch(/^[a-z]{2,3}$/);
    expect(name).not.toBe('');
    expect(train.join('').length).toBeGreaterThan(1000);
    expect(heldOut.join('').length).toBeGreaterThan(100);
  }
});

test('articles 26 to 30 are held out and nothing of them is learnt', () => {
  const [train, heldOut] = [english.train.join('\n'), english.heldOut.join('\n')];
  expect(train).toContain('All human beings are born free and equal');
  expect(train).toContain('Motherhood and childhood'); // article 25
  expect(heldOut).toContain('Everyone has the right to education.');
  expect(train).not.toContain('right to education');
  for (const { train: learnt, heldOut: held } of declarations)
    for (const paragraph of held) if (paragraph.length > 60) expect(learnt).not.toContain(paragraph);
});

test('settings are chosen without a look at what is held out in the end', () => {
  const chosenBy = readDeclarations('validation').find(({ label }) => label === 'en')!;
  const seen = [...chosenBy.train, ...chosenBy.heldOut].join('\n');
  expect(chosenBy.heldOut.join('\n')).toContain('Motherhood and childhood');
  expect(chosenBy.train.join('\n')).not.toContain('Motherhood and childhood');
  expect(seen).not.toContain('Everyone has the right to education.');
});

test('paragraphs are plain text', () => {
  for (const { train } of declarations)
    for (const paragraph of train) expect(paragraph).not.toMatch(/[<>]|&\w+;/);
});
