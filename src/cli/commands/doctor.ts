import { styleText } from 'node:util';
import type { Command } from 'commander';
import { ConfigError } from '../../config.ts';
import { exitCodes } from '../command-error.ts';
import type { Finding } from '../doctor/checks.ts';
import { serverKeys, settingOptions } from '../setting-options.ts';

const settings = settingOptions(serverKeys);

export const addDoctorCommand = (program: Command): Command =>
  settings
    .add(program.command('doctor'))
    .description('check that a server can run here with these settings')
    .option('--json', 'print JSON')
    .action(async (options: { readonly json?: boolean }) => {
      const findings: Finding[] = [];
      for await (const finding of diagnose(options)) {
        findings.push(finding);
        if (!options.json) console.log(format(finding));
      }
      if (options.json) console.log(JSON.stringify(findings));
      if (findings.some(({ level }) => level === 'bad')) process.exitCode = exitCodes.failed;
    });

async function* diagnose(options: object): AsyncGenerator<Finding> {
  const { checks } = await import('../doctor/checks.ts');
  try {
    const { config } = settings.read({ ...options });
    yield { check: 'settings', level: 'good', message: 'all have a valid value' };
    for (const [check, run] of Object.entries(checks)) yield { check, ...(await run(config)) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield { check: 'settings', level: 'bad', message: error.message };
  }
}

const marks = { good: ['green', '✓'], warning: ['yellow', '!'], bad: ['red', '✗'] } as const;

function format({ check, level, message }: Finding): string {
  const [colour, mark] = marks[level];
  return `${styleText(colour, mark)} ${check.padEnd(8)}  ${message}`;
}
