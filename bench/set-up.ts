import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import manifest from './package.json' with { type: 'json' };

// Installs the peers once. onnxruntime-node's own install script would fetch a GPU build: the CPU library is
// in the package already, so install scripts stay off (.npmrc, and the package's own switch in case that file
// is not read).
const here = import.meta.dirname;

if (!Object.entries(manifest.dependencies).every(([name, version]) => installedVersion(name) === version)) {
  console.error('bench: installing the peers once (onnxruntime-node is 288 MB)');
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], {
    cwd: here,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' },
    shell: process.platform === 'win32',
  });
  process.exitCode = status ?? 1;
}

function installedVersion(name: string): unknown {
  const path = `${here}/node_modules/${name}/package.json`;
  return existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown }).version
    : undefined;
}
