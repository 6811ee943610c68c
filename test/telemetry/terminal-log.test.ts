import { expect, it } from 'vitest';
import { formatForTerminal } from '../../src/telemetry/terminal-log.ts';

const time = '2026-01-02T03:04:05.678Z';
const withoutColours = (line: string): string =>
  line
    .split('\u001b')
    .map((part, index) => (index === 0 ? part : part.replace(/^\[\d+m/, '')))
    .join('');
const format = (entry: object): string =>
  withoutColours(formatForTerminal(JSON.stringify({ level: 30, time, name: 'unroll', ...entry })));

it('shows time, level, message and fields in a line', () => {
  expect(
    format({ msg: 'request', status: 200, url: '/v1/models', model: 'a b', kernel: { path: 'plain' } }),
  ).toBe('03:04:05.678 info  request status=200 url=/v1/models model="a b" kernel={"path":"plain"}\n');
});

it('shows the stack of an error below', () => {
  expect(format({ level: 50, msg: 'failed', err: { stack: 'Error: x\n    at a.ts:1' } })).toBe(
    '03:04:05.678 error failed\nError: x\n    at a.ts:1\n',
  );
});

it('lets no caller move the cursor or write a line', () => {
  const evil = '\u001b[2J\n03:04:05.678 fatal \u202e\u0085';
  for (const entry of [
    { msg: evil },
    { msg: 'a', url: evil },
    { msg: 'a', [evil]: 1 },
    { msg: 'a', err: { stack: '\u001b[2J' } },
  ]) {
    const line = format(entry);
    for (const control of ['\u001b', '\u202e', '\u0085', '\r']) expect(line).not.toContain(control);
    expect(line.split('\n').length).toBeLessThanOrEqual(3);
  }
  expect(format({ msg: 'a', url: evil }).match(/\n/g)).toHaveLength(1);
});
