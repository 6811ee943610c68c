import type { ModelListing, ServedModel } from './repository/repository-interface.ts';

const exampleBodies: Readonly<Record<ServedModel['spec']['task'], (model: ServedModel) => string>> = {
  classify: () => '{"input":"Alle Menschen sind frei und gleich an Würde","top_k":3}',
  tag: () => '{"input":"Time flies like an arrow"}',
  decode: () => '{"input":"unroll","beam_size":5}',
  generate: () => '{"prompt":"The ","max_tokens":200,"stream":true}',
  predict: ({ spec: { inputs } }) =>
    JSON.stringify({ input: inputs.kind === 'text' ? 'unroll' : [inputs.features.map(() => 0)] }),
};

/** Formats the startup banner: the server's address, its models, and an example request for each task. */
export function formatStartupBanner(url: string, models: readonly ModelListing[]): string {
  const lines = models.map(({ name, version, task, ready, error }) =>
    ready ? `  ${name}@${version}  ${task ?? 'tensors only'}` : `  ${name}@${version}  not ready: ${error}`,
  );
  const served = models.flatMap((model) => (model.ready && model.served?.spec ? [model.served] : []));
  const examples = [...new Map(served.map((model) => [model.spec.task, model])).values()].map(
    (model) =>
      `  curl -N ${url}/v1/models/${model.name}/${model.spec.task} -H 'content-type: application/json' -d '${exampleBodies[model.spec.task](model)}'`,
  );
  return [
    `Unroll is at ${url}  (API: ${url}/docs)`,
    models.length > 0 ? `Models:\n${lines.join('\n')}` : 'No models yet: put one into UNROLL_MODELS.',
    ...(examples.length > 0 ? [`Examples:\n${examples.join('\n')}`] : []),
    '',
  ].join('\n');
}
