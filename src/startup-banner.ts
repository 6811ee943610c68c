import { exampleBody } from './example-body.ts';
import type { ModelListing, ServedModel } from './repository/repository-interface.ts';

/** Formats the startup banner: the server's address, its models, and an example request for each task. */
export function formatStartupBanner(url: string, models: readonly ModelListing[]): string {
  const lines = models.map(({ name, version, task, ready, error }) =>
    ready ? `  ${name}@${version}  ${task ?? 'tensors only'}` : `  ${name}@${version}  not ready: ${error}`,
  );
  const served = models.flatMap((model) => (model.ready && model.served?.spec ? [model.served] : []));
  const examples = [...new Map(served.map((model) => [model.spec.task, model])).values()].map(
    (model) =>
      `  curl -N ${url}/v1/models/${model.name}/${model.spec.task} -H 'content-type: application/json' -d '${formatExample(model)}'`,
  );
  return [
    `Unroll is at ${url}  (API: ${url}/docs)`,
    models.length > 0 ? `Models:\n${lines.join('\n')}` : 'No models yet: put one into UNROLL_MODELS.',
    ...(examples.length > 0 ? [`Examples:\n${examples.join('\n')}`] : []),
    '',
  ].join('\n');
}

function formatExample({ spec: { task, inputs } }: ServedModel): string {
  const body = exampleBody(task, inputs.kind === 'text' ? null : inputs.features.length);
  return JSON.stringify(task === 'generate' ? { ...body, stream: true } : body);
}
