import type { Command } from 'commander';
import { addGraphOptions } from '../add-graph-options.ts';
import type { GraphOptions } from '../graph-options.ts';

export const addInspectCommand = (program: Command): Command =>
  addGraphOptions(program.command('inspect'))
    .description(
      'show the content of a model file (ONNX, Keras, PyTorch, safetensors, npz) and whether it can be served',
    )
    .argument('<file>', 'a model file')
    .option('--template', 'print a model.json to complete, for weights without a network')
    .action(async (file: string, options: GraphOptions & { readonly template?: boolean }) => {
      const { inspectCommand } = await import('../inspect.ts');
      process.exitCode = await inspectCommand(file, options);
    });
