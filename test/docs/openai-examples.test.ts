import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';
import { itWithProgram } from '../support/needs.ts';
import { runProgram } from '../support/run-program.ts';

// The programs of docs/openai.md print what the page says. Those of the shell are run by `npm run readme`.

const page = readFileSync(join(import.meta.dirname, '../../docs/openai.md'), 'utf8');
const root = mkdtempSync(join(tmpdir(), 'unroll-models-'));
let server: ServerProcess;
beforeAll(async () => {
  for (const name of ['moby', 'language'])
    cpSync(join(import.meta.dirname, '../../models', name), join(root, name), { recursive: true });
  server = await startServer(root);
});
afterAll(async () => {
  await server.stop();
  rmSync(root, { recursive: true, force: true });
});

/** The programs in a language, each with what it prints. */
const findExamples = (language: string): { code: string; output: string }[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([^\`]*)\`\`\`\n\n\`\`\`text\n([^\`]*)\`\`\``, 'g'))].map(
    ([, code, output]) => ({ code: code!.replaceAll('http://127.0.0.1:8080', server.url), output: output! }),
  );

// training has the lowest priority
describe('docs/openai.md', { timeout: 300_000 }, () => {
  it('has programs in TypeScript that print what it says', async () => {
    const examples = findExamples('ts');
    expect(examples).toHaveLength(2);
    for (const { code, output } of examples)
      expect(await runProgram(process.execPath, ['--input-type=module-typescript'], { input: code })).toEqual(
        {
          code: 0,
          output,
        },
      );
  });

  itWithProgram(
    { program: 'python3', debianPackage: 'python3' },
    'has a program in Python that prints what it says',
    async () => {
      const examples = findExamples('python');
      expect(examples).toHaveLength(1);
      for (const { code, output } of examples)
        expect(await runProgram('python3', ['-'], { input: code })).toEqual({ code: 0, output });
    },
  );
});
