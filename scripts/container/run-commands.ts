import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** The mounts of a command end with it. */
const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
const setup = 'mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$@"';

/**
 * A RUN's commands, one after the other. npm runs as root, with this machine's registry settings and cache; every
 * other command runs inside the stage.
 */
export function runCommands(
  script: string,
  root: string,
  {
    environment,
    workdir,
    user,
  }: { environment: Readonly<Record<string, string>>; workdir: string; user: string },
): void {
  for (const command of script.split(/\s*&&\s*/)) {
    const [program, ...args] = command.split(/\s+/) as [string, ...string[]];
    if (program === 'npm') {
      if (user !== 'root') throw new Error(`npm as ${user} is not supported`);
      const inherited = Object.entries(process.env).filter(
        ([name]) => !/^npm_(?:package|lifecycle|config_.*prefix)/.test(name),
      );
      const env = { ...Object.fromEntries(inherited), npm_config_prefer_offline: 'true' };
      execFileSync('npm', args, { cwd: join(root, workdir), env, stdio: ['ignore', 'inherit', 'inherit'] });
    } else {
      const inRoot = [`--userspec=${user}`, root, 'env', `--chdir=${workdir}`, '/bin/sh', '-ec', command];
      execFileSync('unshare', [...namespaces, '/bin/sh', '-ec', setup, root, ...inRoot], {
        env: environment,
        stdio: ['ignore', 'inherit', 'inherit'],
      });
    }
  }
}
