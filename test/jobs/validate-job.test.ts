import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { validateJob } from '../../src/jobs/validate-job.ts';
import { makeJob, temporaryFolder } from './fixtures.ts';

const folder = temporaryFolder();
function file(name: string, lines: readonly string[]) {
  const path = join(folder, name);
  writeFileSync(path, lines.join('\n'));
  return { path, format: 'jsonl' } as const;
}
const good = file('good', ['{"text":"a","label":"x"}']);

it('finds nothing wrong with records of the task', async () => {
  expect(await validateJob(makeJob({ data: good, validation: good }))).toBeNull();
});

it('names the field and the first five wrong lines', async () => {
  const bad = file('bad', ['{"text":"a","label":"x"}', ...Array<string>(9).fill('{"text":1}')]);
  expect(await validateJob(makeJob({ data: bad }))).toMatch(/^data: line 2: .*; line 3: .*line 6: [^;]*$/);
  expect(await validateJob(makeJob({ data: good, validation: bad }))).toMatch(/^validation: line 2: /);
});
