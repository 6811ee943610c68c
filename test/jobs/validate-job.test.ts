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
const valid = file('good', ['{"text":"a","label":"x"}']);

it('accepts records of the task', async () => {
  expect(await validateJob(makeJob({ data: valid, validation: valid }))).toBeNull();
});

it('reports the field and the first five invalid lines', async () => {
  const invalid = file('bad', ['{"text":"a","label":"x"}', ...Array<string>(9).fill('{"text":1}')]);
  expect(await validateJob(makeJob({ data: invalid }))).toMatch(
    /^data: line 2: .*; line 3: .*line 6: [^;]*$/,
  );
  expect(await validateJob(makeJob({ data: valid, validation: invalid }))).toMatch(/^validation: line 2: /);
});

it('does not read a file again that was validated for the task at upload', async () => {
  const missing = { path: join(folder, 'missing'), format: 'jsonl' } as const;
  for (const validatedFor of ['classify', 'any'] as const) {
    const uploaded = { ...missing, validatedFor };
    expect(await validateJob(makeJob({ data: uploaded, validation: uploaded }))).toBeNull();
  }
  const other = makeJob({ data: { ...missing, validatedFor: 'tag' } });
  await expect(validateJob(other)).rejects.toThrow(/ENOENT/);
});
