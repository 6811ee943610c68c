import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startServer } from '../e2e/server-process.ts';
import { fillCommands } from '../../scripts/readme/commands.ts';
import { runExamples } from '../../scripts/readme/examples.ts';

// The commands of README.md: those that call shipped models are written of their examples, and all are run as they
// are printed.

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'README.md'), 'utf8');
const countCalls = (text: string): number => text.match(/^curl /gm)?.length ?? 0;

it('has the examples of the models in its commands (npm run readme)', () => {
  expect(page.match(/<!-- call /g)).toHaveLength(5);
  expect(fillCommands(page)).toBe(page);
});

/** A page without what differs from run to run; numbers with the digits that every kernel gives. */
const toComparable = (text: string): string =>
  text
    .replaceAll(/"(queued_ms|run_ms)":[\d.]+/g, '"$1":0')
    // the last number of a line that is cut may have lost its digits
    .replaceAll(/,[^,\]}]*$/gm, '')
    .replaceAll(/-?\d+\.\d+(e-\d+)?/g, (number) => Number(number).toPrecision(4));

it('prints what its commands print', async () => {
  expect(countCalls(page)).toBe(7);
  const server = await startServer(join(root, 'models'));
  const printed = runExamples(page, server.url);
  expect(await server.stop()).toBe(0);
  const blocks = (text: string): string[] =>
    [...toComparable(text).matchAll(/```json\n([^`]*)```/g)].map(([, block]) => block!.slice(0, 150));
  expect(blocks(printed)).toEqual(blocks(page));
});
