import type { Command } from 'commander';
import { serverKeys, settingOptions } from '../setting-options.ts';

const settings = settingOptions(serverKeys);

export const addServeCommand = (program: Command): Command =>
  settings
    .add(program.command('serve'))
    .description('start the server')
    .action(async (options: object) => {
      const { config, ignored } = settings.read({ ...options });
      const { startLoaderThread } = await import('../../repository/start-loader-thread.ts');
      // it imports its code while this thread imports the server's
      const loaderThread = startLoaderThread({ background: false });
      const { serve } = await import('../../main.ts');
      await serve(config, ignored, loaderThread);
    });
