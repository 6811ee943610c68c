import { parseArgs } from 'node:util';
import { engine } from './engine/scenario.ts';
import { fuzz } from './fuzz/scenario.ts';
import { http } from './http/scenario.ts';
import { kill9 } from './kill9/scenario.ts';
import { createReport, type Scenario, type ScenarioOptions } from './scenario.ts';
import { sessions } from './sessions/scenario.ts';
import { sigterm } from './sigterm/scenario.ts';

// npm run stress -- [SCENARIO …] [--minutes 2] [--seed N] [--rounds N] [--requests N] [--streams 200]
// [--imported] Runs each scenario for its share of the time, prints a table, and exits with 1 if there were
// faults.

const scenarios: readonly Scenario[] = [engine, http, fuzz, sigterm, kill9, sessions];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: 'string', default: '2' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
    rounds: { type: 'string' },
    requests: { type: 'string' },
    streams: { type: 'string', default: '200' },
    imported: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !scenarios.some((one) => one.name === name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`no such scenario: ${unknown.join(', ')}`);
  console.log(
    'npm run stress -- [SCENARIO …] [--minutes 2] [--seed N] [--rounds N] [--requests N] [--streams 200] [--imported]',
  );
  for (const { name, about } of scenarios) console.log(`  ${name.padEnd(8)} ${about}`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

/** Time after a scenario's limit at which it counts as hanging. */
const hangMs = 300_000;

const chosen = scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const shares = chosen.reduce((sum, { share }) => sum + share, 0);
const seed = Number(values.seed);
const rows: string[][] = [];
let faults = 0;
for (const scenario of chosen) {
  const counted = values.rounds !== undefined || values.requests !== undefined;
  const options: ScenarioOptions = {
    seed,
    seconds: counted ? Infinity : (Number(values.minutes) * 60 * scenario.share) / shares,
    rounds: Number(values.rounds ?? Infinity),
    requests: Number(values.requests ?? Infinity),
    streams: Number(values.streams),
    imported: values.imported,
  };
  if (counted && !limitedBy(scenario))
    throw new Error(
      `${scenario.name} takes --minutes: name the scenarios that --rounds or --requests is for`,
    );
  console.log(`${scenario.name}: ${scenario.about}; seed ${seed}, ${describeLimit(options)}`);
  const report = createReport(scenario.name, seed);
  const unhandled = (error: unknown): void =>
    report.fault('unhandled error', String((error as Error)?.stack ?? error));
  process.on('unhandledRejection', unhandled);
  process.on('uncaughtException', unhandled);
  const started = performance.now();
  const hangTimer = Number.isFinite(options.seconds)
    ? setTimeout(
        () => {
          console.log(
            `FAULT ${scenario.name} (seed ${seed}): the scenario hangs: ${JSON.stringify([...report.counts])}`,
          );
          process.exit(1);
        },
        options.seconds * 1000 + hangMs,
      )
    : undefined;
  try {
    await scenario.run(options, report);
  } catch (error) {
    report.fault('the scenario itself failed', String((error as Error).stack));
  }
  clearTimeout(hangTimer);
  process.off('unhandledRejection', unhandled);
  process.off('uncaughtException', unhandled);
  faults += report.faults;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const counts = [...report.counts].map(([what, times]) => `${what} ${times}`).join(', ');
  rows.push([scenario.name, `${seconds} s`, report.faults === 0 ? 'ok' : `${report.faults} faults`, counts]);
}

for (const [name, seconds, verdict, counts] of rows)
  console.log(`${name!.padEnd(8)} ${seconds!.padStart(6)}  ${verdict!.padEnd(10)} ${counts}`);
console.log(faults === 0 ? `no faults (seed ${seed})` : `${faults} faults (seed ${seed})`);
process.exit(faults === 0 ? 0 : 1);

function limitedBy({ name }: Scenario): boolean {
  const byRounds = ['engine', 'sigterm', 'kill9'].includes(name) && values.rounds !== undefined;
  return byRounds || (name === 'fuzz' && values.requests !== undefined);
}

function describeLimit({ seconds, rounds, requests }: ScenarioOptions): string {
  if (Number.isFinite(seconds)) return `${seconds.toFixed(0)} seconds`;
  return Number.isFinite(rounds) ? `${rounds} rounds` : `${requests} requests`;
}
