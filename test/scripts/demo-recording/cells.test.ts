import { expect, it } from 'vitest';
import { toCells } from '../../../scripts/demo-recording/cells.ts';

it('knows from when until when a character was there, and its style', () => {
  const cells = toCells(
    [
      { ms: 0, text: 'a b' },
      { ms: 120, text: '\r\u{1b}[Ka c\r\n' },
      { ms: 130, text: '\u{1b}[1m\u{1b}[36mx\u{1b}[39m\u{1b}[22my' },
    ],
    100,
  );
  const lines = cells.map(
    ({ row, column, character, style, fromMs, toMs }) =>
      `${row}:${column} ${character} ${style} ${fromMs}–${toMs}`,
  );
  expect(lines.toSorted()).toEqual([
    '0:0 a  0–null',
    '0:2 b  0–100',
    '0:2 c  100–null',
    '1:0 x 1;36 100–null',
    '1:1 y  100–null',
  ]);
});

it('refuses what it does not know', () => {
  expect(() => toCells([{ ms: 0, text: '\u{1b}[2J' }], 100)).toThrow('a control character');
});
