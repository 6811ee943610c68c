import { InvalidArgumentError, type Command } from 'commander';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER', 'MODELS', 'WORKERS', 'KERNEL']);

interface Options {
  readonly json?: boolean;
  readonly text?: boolean;
  readonly jsonInput?: boolean;
  readonly stream: boolean;
  readonly embed?: boolean;
  readonly file?: string;
  readonly body?: string;
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly beamSize?: number;
  readonly seed?: number;
}

function parseNumber(text: string): number {
  if (text.trim() === '' || !Number.isFinite(Number(text)))
    throw new InvalidArgumentError('It must be a number.');
  return Number(text);
}

export const addRunCommand = (program: Command): Command =>
  settings
    .add(program.command('run'))
    .description(
      'call a model with a text, or with each line of the input; in this process where no server runs. A terminal gets text and is asked for inputs, a pipe gets JSON lines',
    )
    .argument('<model>', 'name or name@version')
    .argument('[text]', 'the input, for a model of numbers as JSON rows; - reads lines')
    .option('--max-tokens <n>', 'tokens to generate', parseNumber)
    .option('--temperature <t>', '0 is greedy', parseNumber)
    .option('--top-k <k>', 'labels to report, or tokens to sample from', parseNumber)
    .option('--beam-size <n>', 'hypotheses of an encoder-decoder', parseNumber)
    .option('--seed <n>', 'the same seed gives the same text', parseNumber)
    .option('--file <in.ndjson>', 'a file of requests, one a line; each is answered by a line, in order')
    .option('--body <json>', 'other fields of the request, such as {"top_p": 0.9}')
    .option('--embed', "the last hidden state in place of the model's task")
    .option('--json-input', 'inputs are JSON: lists of tokens, ids, or several inputs')
    .option('--no-stream', 'print generated text when it is complete')
    .option('--json', 'print JSON lines on a terminal too')
    .option('--text', 'print text in a pipe too')
    .action(async (model: string, text: string | undefined, options: Options, command: Command) => {
      if (options.json && options.text) command.error('error: --json and --text exclude each other');
      const { config } = settings.read({ ...options });
      if (options.file !== undefined) {
        if (text !== undefined || Object.keys(toFields(options)).length > 0 || options.body !== undefined)
          command.error('error: the lines of --file are whole requests: give no text and no other fields');
        const [{ withServer }, { runFile }] = await Promise.all([
          import('../connect.ts'),
          import('../run/run-file.ts'),
        ]);
        const { file } = options;
        return withServer(config, model, async (client) => {
          process.exitCode = await runFile(client, model, file, (line) => process.stdout.write(line));
        });
      }
      const [{ withServer }, { prepareCall }, { converse, answerLines }, { readBody }] = await Promise.all([
        import('../connect.ts'),
        import('../run/run-model.ts'),
        import('../run/converse.ts'),
        import('../run/read-input.ts'),
      ]);
      const fields = { ...toFields(options), ...readBody(options.body) };
      await withServer(config, model, async (client) => {
        const json = options.json ?? (!process.stdout.isTTY && !options.text);
        const { stream, embed = false, jsonInput = false } = options;
        const call = await prepareCall(client, model, { json, jsonInput, stream, embed, fields }, (part) =>
          process.stdout.write(part),
        );
        if (text !== undefined && text !== '-') await call(text);
        else if (text === undefined && process.stdin.isTTY && process.stdout.isTTY)
          await converse(model, call);
        else process.exitCode = await answerLines(call);
      });
    });

/** Fields of the body; what a task does not have, the server refuses by name. */
const toFields = ({ maxTokens, temperature, topK, beamSize, seed }: Options): object => ({
  ...(maxTokens !== undefined && { max_tokens: maxTokens }),
  ...(temperature !== undefined && { temperature }),
  ...(topK !== undefined && { top_k: topK }),
  ...(beamSize !== undefined && { beam_size: beamSize }),
  ...(seed !== undefined && { seed }),
});
