import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';

// Emulates node:24-slim by this machine's /usr, read only, with Node in /usr/local/bin, and the image's
// users. Mounts are made in the caller's mount namespace.

export const mount = (...args: string[]): void => void execFileSync('mount', args);

/** Binds `source` (a file or a folder) read only at `target`, which must exist. */
function bindReadOnly(source: string, target: string): void {
  mount('--bind', source, target);
  mount('-o', 'remount,bind,ro', target);
}

/** Fills the empty folder `root`. @param image node:24-slim @throws Error for any other image */
export function createBaseImage(image: string, root: string): void {
  if (!/^node:24(?:[.\d]*)-slim$/.test(image))
    throw new Error(`FROM ${image}: only node:24-slim can be emulated`);
  if (!process.version.startsWith('v24.')) throw new Error(`needs Node 24, this is ${process.version}`);
  for (const name of ['usr', 'etc', 'proc', 'dev', 'tmp', 'root', 'home/node', 'opt'])
    mkdirSync(join(root, name), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  bindReadOnly('/usr', join(root, 'usr'));
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    const stat = lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink()) symlinkSync(readlinkSync(`/${name}`), join(root, name));
    else if (stat) {
      mkdirSync(join(root, name));
      bindReadOnly(`/${name}`, join(root, name));
    }
  }
  const local = join(dirname(root), 'usr-local', 'bin');
  mkdirSync(local, { recursive: true });
  writeFileSync(join(local, 'node'), '', { mode: 0o755 });
  mount('--bind', dirname(local), join(root, 'usr/local'));
  bindReadOnly(process.execPath, join(root, 'usr/local/bin/node'));
  mount('-o', 'remount,bind,ro', join(root, 'usr/local'));
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
}

/** Parses `user` or `user:group`, names or numbers. @throws Error for a name that the image does not have */
export function resolveUser(text: string): { uid: number; gid: number } {
  const ids: Readonly<Record<string, number>> = { root: 0, node: 1000 };
  const resolveId = (name: string): number => {
    const id = /^\d+$/.test(name) ? Number(name) : ids[name];
    if (id === undefined) throw new Error(`the image has no user or group "${name}"`);
    return id;
  };
  const [user, group = user] = text.split(':') as [string, string?];
  return { uid: resolveId(user), gid: resolveId(group) };
}
