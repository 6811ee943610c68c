import { findExampleCall, formatCurl } from './http/example-call.ts';
import type { AnyModel, ModelListing } from './repository/repository-interface.ts';

/** Longer commands are left to GET /v1/models/<name>. */
const maxCommandLength = 500;

/**
 * Formats the startup banner: the server's address, its models, and a command for each task, which works as it is
 * printed.
 * @param keyed whether the server asks for a key
 */
export function formatStartupBanner(
  url: string,
  models: readonly ModelListing[],
  { keyed }: { readonly keyed: boolean },
): string {
  const lines = models.map(({ name, version, task, ready, error }) =>
    ready ? `  ${name}@${version}  ${task ?? 'tensors only'}` : `  ${name}@${version}  not ready: ${error}`,
  );
  const served = models.flatMap((model) => (model.ready && model.served ? [model.served] : []));
  const examples = firstOfEachTask(served).flatMap((model) => {
    const call = findExampleCall(model);
    const command = call && formatCurl(url, call, keyed);
    return command === null || command.length > maxCommandLength ? [] : [`  ${command}`];
  });
  return [
    `Unroll is at ${url}  (API: ${url}/docs)`,
    models.length > 0 ? `Models:\n${lines.join('\n')}` : 'No models yet: put one into UNROLL_MODELS.',
    ...(examples.length > 0 ? [`Examples:\n${examples.join('\n')}`] : []),
    '',
  ].join('\n');
}

/** The first model of each task, the highest version of a name first. */
const firstOfEachTask = (models: readonly AnyModel[]): AnyModel[] =>
  [...Map.groupBy(models, ({ spec }) => spec?.task ?? null).values()].map(([first]) => first!);
