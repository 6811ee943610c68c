import { makeTensors } from '../open-inference/example-tensors.ts';
import type { AnyModel } from '../repository/repository-interface.ts';
import { findExample, type ExampleBody } from '../tasks/example.ts';

/** A request that a model answers. */
export interface ExampleCall {
  readonly path: string;
  readonly body: ExampleBody;
}

/** A call of a model's task, or with its tensors where it has none; null where no input can be made. */
export function findExampleCall(model: AnyModel): ExampleCall | null {
  if (model.spec) {
    const body = findExample(model);
    return body && { path: `/v1/models/${model.name}/${model.spec.task}`, body };
  }
  const inputs = makeTensors(model);
  return inputs && { path: `/v2/models/${model.name}/infer`, body: { inputs } };
}

/** Formats a call as a command for a shell. @param keyed whether the server asks for a key */
export function formatCurl(url: string, { path, body }: ExampleCall, keyed: boolean): string {
  const key = keyed ? ` -H "authorization: Bearer $UNROLL_API_KEY"` : '';
  return `curl -s ${quote(url + path)} -H 'content-type: application/json'${key} -d ${quote(JSON.stringify(body))}`;
}

/** Quotes a word for a shell where it needs it. */
const quote = (text: string): string =>
  /^[\w./:@[\]-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
