import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mount, resolveUser } from './base-image.ts';
import type { Image } from './build-image.ts';
import type { ComposeService } from './parse-compose.ts';

// Runs an image as docker-compose.yml specifies: user, read-only root, volumes, tmpfs, and own namespaces for
// processes (the server is process 1) and the network.

export interface Container {
  output(): string;
  readonly running: boolean;
  /** Runs a program inside, as the container's user. */
  exec(command: readonly string[]): { status: number | null; output: string };
  /** Runs a program of the host in the container's network. */
  callFrom(command: readonly string[]): Promise<number | null>;
  /** SIGTERM, and SIGKILL after stop_grace_period. */
  stop(): Promise<{ code: number | null; seconds: number; killed: boolean }>;
}

/** Mounts the container's file systems. To be called once. @param volumes the folder of the named volumes */
export function mountContainer(
  image: Image,
  service: ComposeService,
  volumes: string,
  repository: string,
): void {
  const { root } = image;
  mount('--rbind', root, root);
  mountDevices(root);
  const anonymous = image.volumes
    .filter((path) => !service.mounts.some(({ target }) => target === path))
    .map(
      (path) =>
        ({ kind: 'volume', source: path.replaceAll('/', '_'), target: path, readOnly: false }) as const,
    );
  for (const { kind, source, target, readOnly } of [...service.mounts, ...anonymous]) {
    const mountPoint = join(root, target);
    mkdirSync(mountPoint, { recursive: true });
    const folder = kind === 'folder' ? join(repository, source) : join(volumes, source);
    if (kind === 'volume' && !existsSync(folder)) copyWithOwners(mountPoint, folder);
    mount('--bind', folder, mountPoint);
    if (readOnly) mount('-o', 'remount,bind,ro', mountPoint);
  }
  for (const entry of service.tmpfs) {
    const [path, options = 'rw,noexec,nosuid,nodev,mode=1777'] = entry.split(':') as [string, string?];
    mkdirSync(join(root, path), { recursive: true });
    mount('-t', 'tmpfs', '-o', options, 'tmpfs', join(root, path));
  }
  // applies to this mount alone: mounts below it stay writable
  if (service.readOnly) mount('-o', 'remount,bind,ro', root);
}

/** Fills a new volume with the image's files at its path, with owners and modes. */
function copyWithOwners(from: string, to: string): void {
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
  const setOwner = (path: string): void => {
    const { uid, gid } = lstatSync(join(from, path));
    lchownSync(join(to, path), uid, gid);
    if (lstatSync(join(from, path)).isDirectory())
      for (const name of readdirSync(join(from, path))) setOwner(join(path, name));
  };
  setOwner('.');
}

function mountDevices(root: string): void {
  mount('-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', join(root, 'dev'));
  for (const name of ['null', 'zero', 'full', 'random', 'urandom']) {
    execFileSync('touch', [join(root, 'dev', name)]);
    mount('--bind', `/dev/${name}`, join(root, 'dev', name));
  }
}

export async function runContainer(image: Image, service: ComposeService): Promise<Container> {
  const { root, workdir } = image;
  const { uid, gid } = resolveUser(service.user ?? image.user);
  const environment = { ...image.environment, ...service.environment };
  const asUser = [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    ...(service.noNewPrivileges ? ['--no-new-privs'] : []),
    ...(service.dropsCapabilities ? ['--bounding-set=-all', '--inh-caps=-all'] : []),
    'env',
    `--chdir=${workdir}`,
  ];
  const setup = 'mount -t proc proc "$0/proc" && ip link set lo up && exec chroot "$0" "$@"';
  const child = spawn(
    'unshare',
    ['--mount', '--pid', '--net', '--ipc', '--uts', '--fork', '--kill-child', '/bin/sh', '-ec', setup, root]
      .concat(asUser)
      .concat(image.command),
    { env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const inner = await processInside(child, basename(image.command[0]!), () => output);
  const namespaces = `/proc/${inner}/ns`;
  return {
    output: () => output,
    get running() {
      return child.exitCode === null;
    },
    exec(command) {
      const enter = [
        '--target',
        String(inner),
        '--mount',
        '--pid',
        '--net',
        '--ipc',
        '--uts',
        '--root',
        '--',
      ];
      const { status, stdout, stderr } = spawnSync('nsenter', [...enter, ...asUser, ...command], {
        env: environment,
        encoding: 'utf8',
      });
      return { status, output: stdout + stderr };
    },
    async callFrom(command) {
      const caller = spawn('nsenter', [`--net=${namespaces}/net`, '--', ...command], { stdio: 'inherit' });
      return ((await once(caller, 'exit')) as [number | null])[0];
    },
    async stop() {
      const started = performance.now();
      let killed = false;
      if (child.exitCode === null) process.kill(inner, 'SIGTERM');
      const grace = setTimeout(() => {
        killed = true;
        child.kill('SIGKILL');
      }, service.stopGraceSeconds * 1000);
      const [code] = await ended;
      clearTimeout(grace);
      return { code, seconds: (performance.now() - started) / 1000, killed };
    },
  };
}

/**
 * The host's process id of the process that `unshare` forked, once it executes the image's program.
 * @throws Error if it ends
 */
async function processInside(unshare: ChildProcess, program: string, output: () => string): Promise<number> {
  for (;;) {
    if (unshare.exitCode !== null)
      throw new Error(`the container exited with ${unshare.exitCode} during setup:\n${output()}`);
    const children = readFileSync(`/proc/${unshare.pid}/task/${unshare.pid}/children`, 'utf8').trim();
    if (/^\d+$/.test(children)) {
      const name = readFileSync(`/proc/${children}/comm`, 'utf8').trim();
      // node renames its main thread
      if ([program, 'MainThread'].includes(name)) return Number(children);
    }
    await delay(5);
  }
}
