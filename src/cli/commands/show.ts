import type { Command } from 'commander';
import type { ModelDetails } from '../../client/index.ts';
import { formatFields } from '../format-table.ts';
import { settingOptions } from '../setting-options.ts';

const settings = settingOptions(['SERVER', 'MODELS']);

export const addShowCommand = (program: Command): Command =>
  settings
    .add(program.command('show'))
    .description('show a model: its task, layers, inputs and labels')
    .argument('<model>', 'name or name@version')
    .option('--json', 'print JSON')
    .action(async (model: string, options: { readonly json?: boolean }) => {
      const { withServer } = await import('../connect.ts');
      const details = await withServer(settings.read({ ...options }).config, model, (client) =>
        client.models.show(model),
      );
      if (options.json) console.log(JSON.stringify(details));
      else for (const line of formatDetails(details)) console.log(line);
    });

const maxLabels = 12;

function formatDetails(model: ModelDetails): string[] {
  const { inputs, labels } = model;
  const count = (value: number | null, unit: string): string =>
    value === null ? '–' : `${value.toLocaleString('en')} ${unit}`;
  const reads =
    inputs === null
      ? 'tensors only'
      : inputs.kind === 'text'
        ? `text, ${inputs.size} ${inputs.vocabulary ?? 'tokens'}`
        : `numbers: ${inputs.features?.join(', ')}`;
  return formatFields([
    ['model', `${model.id}@${model.version}`],
    ['task', model.task ?? `tensors only: ${model.no_sequence_view}`],
    ['description', model.description || '–'],
    ['status', model.ready ? 'ready' : (model.error ?? 'not ready')],
    ['versions', model.versions.join(', ')],
    ['reads', reads],
    ['labels', labels ? shorten(labels) : '–'],
    ['parameters', count(model.parameters, 'numbers')],
    ['weights', count(model.weight_bytes, 'bytes')],
    ['state', count(model.state_floats, 'numbers a sequence')],
    ['causal', model.causal === null ? '–' : model.causal ? 'yes' : 'no: whole sequences only'],
    ['kernel', `${model.kernel.path}: ${model.kernel.reason}`],
    ...model.layers.map(
      ({ name, type, detail, width }) => [`layer ${name}`, `${type}: ${detail}, width ${width}`] as const,
    ),
    ...model.notes.map((note) => ['note', note] as const),
  ]);
}

const shorten = (labels: readonly string[]): string =>
  `${labels.slice(0, maxLabels).join(', ')}${labels.length > maxLabels ? ` … (${labels.length})` : ''}`;
