import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetch } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { itWithProgram } from '../support/needs.ts';
import { runProgram } from '../support/run-program.ts';
import { readEvents } from './events.ts';
import { modelFolder } from './model-folder.ts';
import { startServer, until, type ServerProcess } from './server-process.ts';
import { collectOutput } from './start-process.ts';

// The dashboard and the alerts of deploy/ in a real Prometheus that scrapes a real server.

const deploy = join(import.meta.dirname, '../../deploy');
const prometheus = { program: 'prometheus', debianPackage: 'prometheus' };
const promtool = { program: 'promtool', debianPackage: 'prometheus' };

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly type: string; readonly definition?: string }[] };
}
const dashboard = JSON.parse(readFileSync(join(deploy, 'grafana/unroll.json'), 'utf8')) as Dashboard;

describe('a Prometheus that scrapes a server', () => {
  const folder = modelFolder(['classifier', 'writer']);
  let server: ServerProcess;
  let work: string;
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    server = await startServer(folder.path);
    work = mkdtempSync(join(tmpdir(), 'unroll-prometheus-'));
  });
  afterAll(async () => {
    child?.kill('SIGKILL');
    await server.stop();
    folder.remove();
    rmSync(work, { recursive: true });
  });

  /** Starts Prometheus with the alerts, every second a scrape and an evaluation. @returns its API */
  async function startPrometheus() {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const config = {
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(deploy, 'alerts.yml')],
      scrape_configs: [{ job_name: 'unroll', static_configs: [{ targets: [new URL(server.url).host] }] }],
    };
    writeFileSync(join(work, 'prometheus.yml'), JSON.stringify(config));
    child = spawn('prometheus', [
      `--config.file=${join(work, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(work, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    const output = collectOutput(child);
    return async <T>(path: string, parameters: Record<string, string> = {}): Promise<T> => {
      if (child!.exitCode !== null) throw new Error(output());
      const url = `http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`;
      const reply = (await (await fetch(url)).json()) as { status: string; error?: string; data: T };
      if (reply.status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${reply.error}`);
      return reply.data;
    };
  }

  itWithProgram(
    prometheus,
    'has data for every query of the dashboard and every metric of the alerts',
    async () => {
      await server.ask('/v1/models/classifier/classify', { input: ['a', 'bc'] });
      await readEvents(await server.post('/v1/models/writer/generate', { max_tokens: 4, stream: true }));
      const call = await startPrometheus();
      const query = async (expression: string): Promise<readonly { value: [number, string] }[]> =>
        (await call<{ result: { value: [number, string] }[] }>('query', { query: expression })).result;
      await until(
        () =>
          query('count_over_time(unroll_model_requests_total[1m]) >= 3').then(
            (result) => result.length > 0,
            () => false,
          ),
        50_000,
      );
      expect(await query('up{job="unroll"}')).toMatchObject([{ value: [expect.anything(), '1'] }]);

      const expressions = dashboard.panels.flatMap(({ title, targets = [] }) =>
        targets.map(({ expr }) => [
          title,
          expr.replaceAll(/\$(instance|model)\b/g, '.*').replaceAll('$__rate_interval', '30s'),
        ]),
      );
      expect(expressions.length).toBeGreaterThan(25);
      const empty = [];
      for (const [title, expression] of expressions)
        if ((await query(expression!)).length === 0) empty.push(`${title}: ${expression}`);
      expect(empty).toEqual([]);

      const variables = dashboard.templating.list.flatMap(({ definition }) => definition ?? []);
      for (const definition of variables) {
        const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(definition)!;
        expect(await call<string[]>(`label/${label}/values`, { 'match[]': metric! })).not.toEqual([]);
      }

      const names = new Set(await call<string[]>('label/__name__/values'));
      interface Rule {
        readonly name: string;
        readonly query: string;
        readonly health: string;
        readonly state: string;
      }
      const rules = await until(async () => {
        const { groups } = await call<{ groups: { rules: Rule[] }[] }>('rules');
        const all = groups.flatMap((group) => group.rules);
        return all.length > 0 && all.every(({ health }) => health !== 'unknown') ? all : null;
      }, 20_000);
      for (const rule of rules) {
        expect(rule).toMatchObject({ health: 'ok', state: 'inactive' });
        for (const [metric] of rule.query.matchAll(/\b(?:unroll|nodejs|process)_\w+/g))
          expect(names, rule.name).toContain(metric);
      }
    },
  );

  it('gets OpenMetrics where it prefers that', async () => {
    const get = (accept: string) => server.get('/metrics', { headers: { accept } });
    const open = await get('application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
    expect(open.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    const text = await open.text();
    expect(text).toMatch(/^# TYPE unroll_requests counter\nunroll_requests_total\{/m);
    expect(text).toMatch(/\n# EOF\n$/);
    expect(text).not.toContain('\n\n');
    expect((await get('text/plain')).headers.get('content-type')).toMatch(/^text\/plain/);
  });
});

itWithProgram(promtool, 'the alerts are valid, and pass their tests', async () => {
  for (const command of [
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'alerts.yml'],
    ['test', 'rules', 'alerts.test.yml'],
  ])
    expect(await runProgram('promtool', [...command.slice(0, 2), join(deploy, command[2]!)])).toMatchObject({
      code: 0,
    });
});
