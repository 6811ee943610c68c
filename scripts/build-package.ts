import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

// `npm pack`: JavaScript and declarations of src/ in dist/, since Node strips no types below node_modules. bin/unroll.js
// starts them where there is no src/.

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const tsc = join(root, 'node_modules/typescript/bin/tsc');

rmSync(dist, { recursive: true, force: true });
const compile = (...options: string[]): void =>
  void execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json'), ...options], {
    stdio: 'inherit',
  });
// comments are for those who read the declarations
compile('--removeComments', '--declaration', 'false');
compile('--emitDeclarationOnly');
// one folder below package.json, as src/ is
for (const entry of globSync('build/src/*', { cwd: dist }))
  renameSync(join(dist, entry), join(dist, entry.slice('build/src/'.length)));
rmSync(join(dist, 'build'), { recursive: true });

// what the compiler leaves: the files of threads, and the imports of declarations
for (const file of globSync('**/*.{js,d.ts}', { cwd: dist })) {
  const text = readFileSync(join(dist, file), 'utf8');
  const pattern = file.endsWith('.d.ts')
    ? /(?<=(?:from |import\()['"])(\.{1,2}\/[^'"]+)\.ts(?=['"])/g
    : /(?<=new URL\(')([^']+)\.ts(?=', import\.meta\.url\))/g;
  const rewritten = text.replaceAll(pattern, '$1.js');
  if (rewritten !== text) writeFileSync(join(dist, file), rewritten);
}

/** The declarations that a program can reach from the package's own. */
function findDeclarations(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, path] of readFileSync(file, 'utf8').matchAll(
    /(?:from |import\()['"](\.{1,2}\/[^'"]+)\.js['"]/g,
  ))
    findDeclarations(resolve(dirname(file), `${path}.d.ts`), found);
  return found;
}

const reachable = findDeclarations(join(dist, 'index.d.ts'));
findDeclarations(join(dist, 'client/index.d.ts'), reachable);
for (const file of globSync('**/*.d.ts', { cwd: dist }))
  if (!reachable.has(join(dist, file))) rmSync(join(dist, file));
