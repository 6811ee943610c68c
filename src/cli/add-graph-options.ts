import type { Command } from 'commander';
import { collect } from './collect-option.ts';

/** Adds the options for an open input of an ONNX graph (graph-options.ts) to a command that reads a model file. */
export const addGraphOptions = (command: Command): Command =>
  command
    .option('--set <input=number>', 'value of an open input, such as sr=16000; repeat for several', collect)
    .option(
      '--shape <input=sizes>',
      'sizes of an open input, such as input=1,512; repeat for several',
      collect,
    )
    .option(
      '--state <input=output>',
      'an input that an output is the next value of; repeat for several',
      collect,
    )
    .option('--context <steps>', 'steps before each step that the graph reads');
