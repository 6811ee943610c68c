import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bundle } from './bundle/bundle.ts';
import { writeFiles } from './bundle/write-files.ts';

// `npm pack`: dist/ with our files bundled, which bin/unroll.js starts where there is no src/, and the declarations of what
// the package exports. Other packages' code stays with its licences in their own packages, where npm can update it.

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
const tsc = join(root, 'node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
// one folder below package.json, as src/ is
for (const entry of globSync('build/src/*', { cwd: dist }))
  renameSync(join(dist, entry), join(dist, entry.slice('build/src/'.length)));
rmSync(join(dist, 'build'), { recursive: true });

// what the compiler leaves: the imports of declarations
for (const file of globSync('**/*.d.ts', { cwd: dist })) {
  const text = readFileSync(join(dist, file), 'utf8');
  writeFileSync(
    join(dist, file),
    text.replaceAll(/(?<=(?:from |import\()['"])(\.{1,2}\/[^'"]+)\.ts(?=['"])/g, '$1.js'),
  );
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

const { files } = await bundle({ packages: false });
writeFiles(dist, files);
