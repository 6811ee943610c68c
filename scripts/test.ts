import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

// `npm test`: runs vitest, then prints one line with the number of passed and failed tests.
// Under CI, files that failed run once more, one after the other, and those that pass then are named as unstable.

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'unroll-test-'));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');

/** Passed and failed tests by file. A file that could not be loaded, or whose process died, counts as one failed test. */
function run(name: string, options: readonly string[], expected: readonly string[]) {
  const path = join(folder, `${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${path}`];
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...options], {
    stdio: 'inherit',
  });
  const results = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report).testResults : [];
  const files = new Map(expected.map((file) => [file, { passed: 0, failed: 1 }]));
  for (const result of results) {
    const count = (wanted: string) => result.assertionResults.filter((test) => test.status === wanted).length;
    const failed = Math.max(count('failed'), result.status === 'passed' ? 0 : 1);
    files.set(relative(root, result.name), { passed: count('passed'), failed });
  }
  const failing = [...files].filter(([, { failed }]) => failed > 0).map(([file]) => file);
  return { status, path, files, failing };
}

const sum = (counts: Iterable<{ passed: number; failed: number }>) =>
  [...counts].reduce((all, one) => ({ passed: all.passed + one.passed, failed: all.failed + one.failed }), {
    passed: 0,
    failed: 0,
  });

const options = process.argv.slice(2);
// with options, vitest decides which files run
const expected =
  options.length > 0 ? [] : globSync('test/**/*.test.ts', { cwd: root, exclude: ['test/real-models/**'] });
const first = run('first', options, expected);
const logFolder = process.env['TEST_LOGS'];
if (logFolder !== undefined && existsSync(first.path))
  copyFileSync(first.path, join(logFolder, '../tests.json'));

let { status } = first;
if (status !== 0 && process.env['CI'] && first.failing.length > 0 && first.failing.length <= 8) {
  console.log(`\nonce more: ${first.failing.join(' ')}\n`);
  const second = run('second', ['--no-file-parallelism', ...first.failing], first.failing);
  for (const [file, counts] of second.files) {
    first.files.set(file, counts);
    if (counts.failed === 0) console.log(`unstable: ${file} failed, then passed`);
  }
  ({ status } = second);
}
rmSync(folder, { recursive: true });

const { passed, failed } = sum(first.files.values());
// vitest also fails for uncaught errors outside tests
const failures = status === 0 && passed > 0 ? failed : Math.max(1, failed);
console.log(`${passed} passed, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
