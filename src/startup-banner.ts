import type { ModelListing } from './repository/repository-interface.ts';

const exampleBodies: Readonly<Record<NonNullable<ModelListing['task']>, string>> = {
  classify: '{"input":"Alle Menschen sind frei und gleich an Würde","top_k":3}',
  tag: '{"input":"Time flies like an arrow"}',
  decode: '{"input":"unroll","beam_size":5}',
  generate: '{"prompt":"The ","max_tokens":200,"stream":true}',
  predict: '{"input":[[0.5],[1.5]]}',
};

/** Formats the startup banner: the server's address, its models, and an example request for each task. */
export function formatStartupBanner(url: string, models: readonly ModelListing[]): string {
  const lines = models.map(({ name, version, task, ready, error }) =>
    ready ? `  ${name}@${version}  ${task}` : `  ${name}@${version}  not ready: ${error}`,
  );
  const ready = models.filter((model) => model.ready);
  const examples = [...new Map(ready.map((model) => [model.task, model])).values()].map(
    ({ name, task }) =>
      `  curl -N ${url}/v1/models/${name}/${task} -H 'content-type: application/json' -d '${exampleBodies[task!]}'`,
  );
  return [
    `Unroll is at ${url}  (API: ${url}/docs)`,
    models.length > 0 ? `Models:\n${lines.join('\n')}` : 'No models yet: put one into UNROLL_MODELS.',
    ...(examples.length > 0 ? [`Examples:\n${examples.join('\n')}`] : []),
    '',
  ].join('\n');
}
