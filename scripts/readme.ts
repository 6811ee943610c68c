import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describeConfig } from '../src/config.ts';

// Updates README.md: runs every `curl` in it against a server and writes its output into the block below;
// fills in the settings from config.ts and the metrics from a scrape.

const root = join(import.meta.dirname, '..');
const documentedUrl = 'http://127.0.0.1:8080';

const models = mkdtempSync(join(tmpdir(), 'unroll-readme-'));
const data = mkdtempSync(join(tmpdir(), 'unroll-readme-data-'));
cpSync(join(root, 'models'), models, { recursive: true });
execFileSync(process.execPath, ['scripts/example-models.ts', models], { cwd: root });

const server = spawn(process.execPath, ['bin/unroll.js', 'serve'], {
  cwd: root,
  env: {
    ...process.env,
    UNROLL_PORT: '0',
    UNROLL_MODELS: models,
    UNROLL_DATA: data,
    UNROLL_LOG_LEVEL: 'warn',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
});
try {
  const url = await readUrl(server);
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const withOutputs = readme.replaceAll(
    /```sh\n((?:sleep \d+; )?curl [^`]*)```\n\n```(\w*)\n[^`]*```/g,
    (_, command: string, kind: string) => {
      const script = `set -euo pipefail\n${command.replaceAll(documentedUrl, url)}`;
      const output = execFileSync('bash', ['-c', script], { encoding: 'utf8' });
      return `\`\`\`sh\n${command}\`\`\`\n\n\`\`\`${kind}\n${output.trim().replaceAll(url, documentedUrl)}\n\`\`\``;
    },
  );
  const metrics = await (await fetch(`${url}/metrics`)).text();
  writeFileSync(
    join(root, 'README.md'),
    fill(fill(withOutputs, 'settings', formatSettings()), 'metrics', formatMetrics(metrics)),
  );
} finally {
  server.kill('SIGTERM');
  await once(server, 'exit');
  for (const folder of [models, data]) rmSync(folder, { recursive: true });
}

/** The address in the server's startup message. */
async function readUrl({ stdout }: ChildProcess): Promise<string> {
  if (stdout)
    for await (const line of createInterface(stdout)) {
      const url = /^Unroll is at (\S+)/.exec(line)?.[1];
      if (url !== undefined) {
        stdout.resume();
        return url;
      }
    }
  throw new Error('the server exited before it printed its address');
}

/** Replaces the text between `<!-- name -->` and `<!-- /name -->`. */
function fill(readme: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = readme.split(open);
  const after = rest?.split(close)[1];
  if (before === undefined || after === undefined) throw new Error(`README.md has no ${open} … ${close}`);
  return `${before}${open}\n${content}\n${close}${after}`;
}

function formatSettings(): string {
  const rows = describeConfig().map(({ name, default: value, meaning }) => {
    const shown = name === 'UNROLL_WORKERS' ? 'cores − 1' : value === '' ? '' : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${meaning.replaceAll('<', '&lt;')} |`;
  });
  return ['| variable | default | what |', '|---|---|---|', ...rows].join('\n');
}

function formatMetrics(metrics: string): string {
  const rows = [...metrics.matchAll(/^# HELP (unroll_(?!process|nodejs)\w+) (.+)\n# TYPE \S+ (\w+)/gm)].map(
    ([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`,
  );
  return ['| metric | type | what |', '|---|---|---|', ...rows].join('\n');
}
