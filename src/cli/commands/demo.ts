import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER', 'MODELS']);

/** The models of the package. */
const shipped = join(import.meta.dirname, '../../../models');

export const addDemoCommand = (program: Command): Command =>
  settings
    .add(program.command('demo'))
    .description(
      'show in half a minute what the shipped models do: classify, tag, generate, and a session; in this process where no server runs',
    )
    .action(async (options: object) => {
      const [{ withServer }, { playScenes }, { createStage }] = await Promise.all([
        import('../connect.ts'),
        import('../demo/scenes.ts'),
        import('../demo/stage.ts'),
      ]);
      const { config } = settings.read({ ...options });
      const models = existsSync(join(config.MODELS, 'moby')) ? config.MODELS : shipped;
      await withServer({ ...config, MODELS: models }, null, (client, where) =>
        playScenes(client, where, createStage(process.stdout)),
      );
      console.log(
        '\nEach of these is a call of the API: a server (`unroll serve`) has all of them at /docs.',
      );
    });
