import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, existsSync, statSync, chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';

// The files that `docker build` would get: those of the repository, less what .dockerignore leaves out.

/** Copies the build context of the repository at `root` into `target`. @returns how many files it has */
export function copyBuildContext(root: string, target: string): number {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const ignoreFile = join(root, '.dockerignore');
  const isIgnored = createIgnore(existsSync(ignoreFile) ? readFileSync(ignoreFile, 'utf8') : '');
  const files = listed.split('\0').filter((path) => path !== '' && !isIgnored(path));
  for (const path of files) {
    // a file that git lists and that was deleted
    if (!existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    copyFileSync(join(root, path), join(target, path));
    chmodSync(join(target, path), statSync(join(root, path)).mode & 0o777);
  }
  return files.length;
}

/** Docker's rules: patterns match a path or a folder above it, the last pattern that matches decides, `!` takes back. */
export function createIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      ignores: !line.startsWith('!'),
      matcher: matcherOf(line.replace(/^!/, '').replace(/^\/|\/$/g, '')),
    }));
  return (path) => {
    const parts = path.split('/');
    const ancestors = parts.map((_, i) => parts.slice(0, i + 1).join('/'));
    let ignored = false;
    for (const { ignores, matcher } of rules)
      if (ancestors.some((ancestor) => matcher.test(ancestor))) ignored = ignores;
    return ignored;
  };
}

function matcherOf(pattern: string): RegExp {
  if (/[[\]\\]/.test(pattern)) throw new Error(`.dockerignore: "${pattern}" is not supported`);
  const source = pattern
    .replaceAll(/[.+^${}()|]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*\*|\*|\?/g, (found) =>
      found === '**/' ? '(?:.*/)?' : found === '**' ? '.*' : found === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^${source}$`);
}
