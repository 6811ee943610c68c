import { expect, test } from 'vitest';
import { cropLimits, cropRecords, unknownCharacter } from '../../../examples/language/crops.ts';
import { createRng } from '../../../src/random.ts';

// the first language has no letter of the second
const declarations = [
  { label: 'xx', name: 'First', train: Array<string>(20).fill('abc cab. bac'), heldOut: [] },
  { label: 'yy', name: 'Second', train: Array<string>(20).fill('xyz zyx. yxz'), heldOut: [] },
];
const crops = (count: number, seed: number) => cropRecords(declarations, count, createRng(seed));

test('a crop is labelled with its own language, and as long as the limits say', () => {
  const lengths = new Set<number>();
  for (const { text, label } of crops(300, 1)) {
    expect(text).not.toMatch(label === 'xx' ? /[xyz]/ : /[abc]/);
    lengths.add([...text].length);
  }
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(cropLimits.shortest);
  expect(Math.max(...lengths)).toBeLessThan(cropLimits.longest);
  expect(lengths.size).toBeGreaterThan(30);
});

test('languages are as frequent as one another, and a few characters are blotted out', () => {
  const drawn = crops(1000, 2);
  const share = drawn.filter(({ label }) => label === 'xx').length / drawn.length;
  expect(share).toBeGreaterThan(0.4);
  expect(share).toBeLessThan(0.6);
  const characters = drawn.flatMap(({ text }) => [...text]);
  const blotted = characters.filter((character) => character === unknownCharacter).length / characters.length;
  expect(blotted).toBeGreaterThan(0.01);
  expect(blotted).toBeLessThan(0.03);
});

test('one seed draws the same crops, another others', () => {
  expect(crops(20, 3)).toEqual(crops(20, 3));
  expect(crops(20, 3)).not.toEqual(crops(20, 4));
});
