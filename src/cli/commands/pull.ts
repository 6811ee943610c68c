import { InvalidArgumentError, type Command } from 'commander';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['MODELS']);

interface Options {
  readonly name?: string;
  readonly sha256?: string;
  readonly maxBytes?: number;
  readonly spec?: string;
  readonly json?: boolean;
}

function parseHash(text: string): string {
  if (!/^[\da-f]{64}$/i.test(text)) throw new InvalidArgumentError('It must have 64 hexadecimal digits.');
  return text;
}

function parseBytes(text: string): number {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('It must be a number of bytes.');
  return Number(text);
}

export const addPullCommand = (program: Command): Command =>
  settings
    .add(program.command('pull'))
    .description('download a model into the models folder; no code of it is run')
    .argument('<source>', 'http://… or https://…, hf:owner/repo[/file][@revision], or s3:bucket/key')
    .option('--name <name>', 'name of the model; what the source is called by default')
    .option('--sha256 <digest>', 'refuse a file of another content', parseHash)
    .option('--max-bytes <n>', 'refuse more; UNROLL_MAX_MODEL_BYTES by default', parseBytes)
    .option('--spec <model.json>', 'describes the network of weights without one')
    .option('--json', 'print JSON')
    .action(async (text: string, options: Options) => {
      const { config } = settings.read({ ...options });
      const [{ createAuthorize }, { parseSource }, { pull }, { createDownloadBar }] = await Promise.all([
        import('../pull/authorize.ts'),
        import('../pull/parse-source.ts'),
        import('../pull/pull.ts'),
        import('../pull/download-bar.ts'),
      ]);
      const source = parseSource(text, process.env);
      const bar = createDownloadBar(process.stderr);
      const { name, sha256, maxBytes = config.MAX_MODEL_BYTES, spec } = options;
      try {
        const pulled = await pull(source, {
          models: config.MODELS,
          name,
          sha256,
          maxBytes,
          spec,
          authorize: createAuthorize(text, process.env),
          onProgress: (...progress) => bar.show(...progress),
        });
        bar.end();
        console.log(
          options.json
            ? JSON.stringify(pulled)
            : `pulled ${pulled.model}@${pulled.version} to ${config.MODELS}, ${pulled.task === null ? 'tensors only' : `task ${pulled.task}`}, ${pulled.bytes.toLocaleString('en')} bytes, SHA-256 ${pulled.sha256}`,
        );
      } finally {
        bar.end();
      }
    });
