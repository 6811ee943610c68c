import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

// Installs the peers once. onnxruntime-node's own install script would fetch a GPU build: the CPU library is in the
// package already, so install scripts stay off (.npmrc, and the package's own switch in case that file is not read).
const here = import.meta.dirname;
const marker = `${here}/node_modules/.package-lock.json`;

if (!isInstalled()) {
  console.error('bench: installing onnxruntime-node (288 MB, once)');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], {
    cwd: here,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}

function isInstalled(): boolean {
  if (!existsSync(marker)) return false;
  const installed = readVersion(`${here}/node_modules/onnxruntime-node/package.json`, 'version');
  const wanted = readVersion(`${here}/package.json`, 'dependencies', 'onnxruntime-node');
  return installed !== undefined && installed === wanted;
}

function readVersion(path: string, ...keys: string[]): unknown {
  if (!existsSync(path)) return undefined;
  return keys.reduce<unknown>(
    (value, key) => (value as Record<string, unknown>)[key],
    JSON.parse(readFileSync(path, 'utf8')),
  );
}
