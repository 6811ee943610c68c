import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type ServerProcess } from '../e2e/server-process.ts';
import { itWithProgram } from '../support/needs.ts';
import { runProgram } from '../support/run-program.ts';

// The programs of docs/clients.md print what the page says, in both languages.

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/clients.md'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'unroll-models-'));
const work = mkdtempSync(join(tmpdir(), 'unroll-clients-'));
let server: ServerProcess;
beforeAll(async () => {
  cpSync(join(root, 'models'), folder, { recursive: true });
  server = await startServer(folder, { MAX_EVENT_LOOP_DELAY_MS: 0 });
});
afterAll(async () => {
  await server.stop();
  for (const made of [folder, work]) rmSync(made, { recursive: true, force: true });
});

const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, code]) => code!);
/** The examples of a language, each after the lines that they all begin with. */
function findPrograms(language: string): { code: string; output: string }[] {
  const [opening, ...examples] = blocks(language);
  return examples.map((example, i) => ({
    code: `${opening!}\n${example}`.replaceAll('http://127.0.0.1:8080', server.url),
    output: blocks('text')[i]!,
  }));
}

// training has the lowest priority
describe('docs/clients.md', { timeout: 300_000 }, () => {
  it('has programs in TypeScript that have the right types and print what it says', async () => {
    const programs = findPrograms('ts');
    expect(programs).toHaveLength(blocks('text').length);
    const client = JSON.stringify(join(root, 'src/client/index.ts'));
    const files = programs.map(({ code }, i) => {
      const file = join(work, `${i}.mts`);
      writeFileSync(file, code.replace("'@unroll/server/client'", client));
      return file;
    });
    const config = { extends: join(root, 'src/client/tsconfig.json'), include: ['*.mts'] };
    // each begins with the same imports
    const compilerOptions = { noUnusedLocals: false };
    writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({ ...config, compilerOptions }));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    expect(await runProgram(process.execPath, [tsc, '-p', work])).toEqual({ code: 0, output: '' });
    for (const [i, { output }] of programs.entries())
      expect(await runProgram(process.execPath, [files[i]!])).toEqual({ code: 0, output });
  });

  itWithProgram(
    { program: 'python3', debianPackage: 'python3' },
    'has programs in Python that print what it says',
    async () => {
      const programs = findPrograms('python');
      expect(programs).toHaveLength(blocks('text').length);
      const env = { ...process.env, PYTHONPATH: join(root, 'clients/python') };
      for (const { code, output } of programs)
        expect(await runProgram('python3', ['-'], { input: code, env })).toEqual({ code: 0, output });
    },
  );
});
