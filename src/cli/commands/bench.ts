import { InvalidArgumentError, type Command } from 'commander';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER', 'MODELS', 'WORKERS', 'SLOTS', 'KERNEL']);

interface Options {
  readonly seconds: number;
  readonly concurrency: number;
  readonly input?: string;
  readonly body?: string;
  readonly json?: boolean;
}

const parseUpTo = (limit: number) => (text: string) => {
  if (!/^[1-9]\d*$/.test(text) || Number(text) > limit)
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${limit}.`);
  return Number(text);
};

export const addBenchCommand = (program: Command): Command =>
  settings
    .add(program.command('bench'))
    .description('call a model again and again, and print the rate, the latency and the CPU time')
    .argument('<model>', 'name or name@version')
    .option('--seconds <n>', 'how long', parseUpTo(3600), 5)
    .option('--concurrency <n>', 'calls at a time', parseUpTo(1000), 8)
    .option('--input <text>', 'the input; an example by default')
    .option('--body <json>', 'other fields of the request, such as {"max_tokens": 20}')
    .option('--json', 'print JSON')
    .action(async (model: string, options: Options) => {
      const [{ withServer }, { measure, formatMeasurement }] = await Promise.all([
        import('../connect.ts'),
        import('../bench/measure.ts'),
      ]);
      if (process.stderr.isTTY) console.error(`calling ${model} for ${options.seconds} s`);
      const measurement = await withServer(settings.read({ ...options }).config, model, (client, where) =>
        measure(client, where, model, options),
      );
      if (options.json) console.log(JSON.stringify(measurement));
      else for (const line of formatMeasurement(measurement)) console.log(line);
    });
