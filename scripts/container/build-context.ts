import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, existsSync, statSync, chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';

// The build context of `docker build`: the files of the repository without those that .dockerignore excludes.

/** Copies the build context of the repository at `root` into `target`. @returns the number of files */
export function copyBuildContext(root: string, target: string): number {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  const ignoreFile = join(root, '.dockerignore');
  const isIgnored = createIgnore(existsSync(ignoreFile) ? readFileSync(ignoreFile, 'utf8') : '');
  const files = listed.split('\0').filter((path) => path !== '' && !isIgnored(path));
  for (const path of files) {
    // git lists deleted files
    if (!existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    copyFileSync(join(root, path), join(target, path));
    chmodSync(join(target, path), statSync(join(root, path)).mode & 0o777);
  }
  return files.length;
}

/**
 * Docker's rules: patterns match a path or a folder above it, the last matching pattern decides, `!` negates.
 */
export function createIgnore(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({
      ignores: !line.startsWith('!'),
      matcher: toMatcher(line.replace(/^!/, '').replace(/^\/|\/$/g, '')),
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

function toMatcher(pattern: string): RegExp {
  if (/[[\]\\]/.test(pattern)) throw new Error(`.dockerignore: "${pattern}" is not supported`);
  const source = pattern
    .replaceAll(/[.+^${}()|]/g, String.raw`\$&`)
    .replaceAll(/\*\*\/|\*\*|\*|\?/g, (found) =>
      found === '**/' ? '(?:.*/)?' : found === '**' ? '.*' : found === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^${source}$`);
}
