import { describeConfig } from '../../src/config.ts';
import { commandsTable } from './commands-table.ts';
import { createSessionTally } from '../../src/sessions/session-tally.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

/** The table of settings, from config.ts. */
function settingsTable(): string {
  const rows = describeConfig().map(({ name, default: value, meaning }) => {
    const shown = name === 'UNROLL_WORKERS' ? 'cores − 1' : value === '' ? '' : `\`${value}\``;
    return `| \`${name}\` | ${shown} | ${meaning.replaceAll('<', '&lt;')} |`;
  });
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The table of the server's own metrics, from what a scrape of an idle server gives. */
async function metricsTable(): Promise<string> {
  const metric = /^# HELP (unroll_\w+) (.+)\n# TYPE \S+ (\w+)/gm;
  const rows = [...(await idleExposition()).matchAll(metric)].map(
    ([, name, help, type]) => `| \`${name}\` | ${type} | ${help} |`,
  );
  return ['| metric | type | meaning |', '|---|---|---|', ...rows].join('\n');
}

function idleExposition(): Promise<string> {
  const metrics = createMetrics();
  const none = (): number => 0;
  metrics.observe({
    engine: () => ({
      workers: 0,
      restarts: 0,
      waiting: 0,
      running: 0,
      paused: 0,
      unreconciled: 0,
      unreadBytes: 0,
      ticks: 0,
      rows: 0,
      steps: 0,
      padding: 0,
      byRows: [0],
    }),
    rowBounds: [Infinity],
    kernel: { path: 'plain' },
    models: () => [],
    memory: () => ({ used: 0 }),
    modelsReady: none,
    modelsFailed: none,
  });
  metrics.observeTraining({ counts: () => ({}), steps: none });
  metrics.observePrefixes(() => ({ hits: 0, misses: 0, reusedSteps: 0, bytes: 0 }));
  metrics.observeSessions({ counts: { active: 0, evicted: 0, bytes: 0 }, tally: createSessionTally() });
  metrics.observeConnections({ open: none, refused: none, exhausted: () => false });
  return metrics.registry.metrics();
}

/** Replaces the text between `<!-- name -->` and `<!-- /name -->`, where a page has these markers. */
function fillTable(page: string, name: string, table: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [before, rest] = page.split(open);
  if (rest === undefined) return page;
  const after = rest.split(close)[1];
  if (after === undefined) throw new Error(`${open} has no ${close}`);
  return `${before}${open}\n${table}\n${close}${after}`;
}

/** Replaces the generated tables of a page, where it has any. */
export async function fillTables(page: string): Promise<string> {
  const withCommands = fillTable(page, 'commands', commandsTable());
  return fillTable(fillTable(withCommands, 'settings', settingsTable()), 'metrics', await metricsTable());
}
