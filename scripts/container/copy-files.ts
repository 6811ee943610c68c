import { cpSync, globSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Copies files by COPY's rules: of a folder the content is copied; a target that ends in a slash is a folder.
 * @param paths sources, then the target @param from the folder of the sources @param into resolves the target
 */
export function copyFiles(
  paths: readonly string[],
  options: { from: string; into: (target: string) => string; owner: Owner },
): void {
  const { from, into, owner } = options;
  const target = into(paths.at(-1)!);
  for (const pattern of paths.slice(0, -1)) {
    const sources = globSync(pattern.replace(/^\//, ''), { cwd: from });
    if (sources.length === 0) throw new Error(`COPY ${pattern}: no such file in the build context`);
    for (const source of sources) {
      const isFolder = lstatSync(join(from, source)).isDirectory();
      const destination = !isFolder && target.endsWith('/') ? join(target, basename(source)) : target;
      cpSync(join(from, source), destination, { recursive: true, verbatimSymlinks: true });
      setOwner(destination, owner);
    }
  }
}

function setOwner(path: string, owner: Owner): void {
  lchownSync(path, owner.uid, owner.gid);
  if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) setOwner(join(path, name), owner);
}
