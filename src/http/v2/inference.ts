import { Readable } from 'node:stream';
import { z } from 'zod';
import { UnrollError } from '../../errors.ts';
import type { ModelListing } from '../../repository/repository-interface.ts';
import { infer } from '../../open-inference/infer.ts';
import { sourceSignature } from '../../open-inference/tensor-signature.ts';
import { withModel } from '../../tasks/with-model.ts';
import { version } from '../../version.ts';
import { headerLength, inferenceRequest, readInference, writeInference } from './inference-body.ts';
import { findModel } from '../v1/model-view.ts';
import type { Route } from '../route.ts';
import { byName, byVersion, error, failures, toReference, tags, type Reference } from './inference-schema.ts';
import { parseSettings } from './inference-settings.ts';
import { sendJson } from '../send-json.ts';
import { callerGone } from '../abort-on-disconnect.ts';

// The Open Inference Protocol, version 2: what model servers share, so that clients of the others work here.

const tensors = z.array(z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) }));
const metadata = z
  .object({
    name: z.string(),
    versions: z.array(z.string()),
    platform: z.string(),
    inputs: tensors,
    outputs: tensors,
    parameters: z.object({ optional_inputs: tensors }),
  })
  .meta({ id: 'InferenceMetadata' });
const answered = z
  .object({
    model_name: z.string(),
    model_version: z.string(),
    id: z.string().optional(),
    outputs: z.array(z.looseObject({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) })),
  })
  .meta({ id: 'InferenceReply' });
/** By the names that Triton gave them. */
const extensions = ['binary_tensor_data', 'model_repository', 'statistics'];

export const inferenceProtocolRoutes: Route = (scope, { tasks }) => {
  const { repository } = tasks;
  const listed = (params: Reference): ModelListing => findModel(repository.list(), toReference(params)).shown;

  scope.get(
    '/v2',
    {
      schema: {
        operationId: 'serverMetadata',
        tags,
        summary: 'What this server is',
        response: {
          200: z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) }),
        },
      },
    },
    async () => ({ name: 'unroll', version, extensions }),
  );

  for (const [path, suffix, params] of [
    ['/v2/models/:model', '', byName],
    ['/v2/models/:model/versions/:version', 'Version', byVersion],
  ] as const) {
    scope.get(
      path,
      {
        schema: {
          operationId: `modelMetadata${suffix}`,
          tags,
          summary: 'Tensors that a model takes and gives',
          params,
          response: { 200: metadata, ...failures },
        },
      },
      async (request) => {
        const { served, name, error: why } = listed(request.params);
        if (!served)
          throw new UnrollError(
            'model_not_ready',
            `model ${name} cannot be served: ${why ?? 'it is being loaded'}`,
          );
        const { inputs, optional, outputs } = sourceSignature(served);
        const versions = repository
          .list()
          .filter((one) => one.name === name)
          .map((one) => String(one.version));
        return {
          name,
          versions,
          platform: 'unroll',
          inputs: inputs.map(copied),
          outputs: outputs.map(copied),
          parameters: { optional_inputs: optional.map(copied) },
        };
      },
    );
    scope.get(
      `${path}/ready`,
      {
        schema: {
          operationId: `modelReady${suffix}`,
          tags,
          summary: 'Whether a model can answer',
          params,
          response: {
            200: z.object({ name: z.string(), ready: z.boolean() }),
            503: z.object({ name: z.string(), ready: z.boolean() }),
            '4xx': error,
          },
        },
      },
      async (request, reply) => {
        const { name, ready } = listed(request.params);
        return reply.status(ready ? 200 : 503).send({ name, ready });
      },
    );
    scope.post(
      `${path}/infer`,
      {
        // the body may be JSON and bytes after it, so it is read by hand
        schema: {
          operationId: `infer${suffix}`,
          tags,
          summary: 'Tensors in, tensors out; JSON or, with the binary extension, bytes',
          params,
          body: z.unknown().meta({
            description: 'See the Open Inference Protocol',
            ...z.toJSONSchema(inferenceRequest, { io: 'input' }),
          }),
          response: { 200: answered, ...failures },
        },
      },
      async (request, reply) => {
        const call = await readInference(request.body, request.headers[headerLength] as string | undefined);
        const signal = callerGone(reply);
        const asked = { reference: toReference(request.params), task: null };
        const answer = await withModel(tasks, asked, async (model) => {
          const settings = parseSettings(model.spec.task, call.parameters);
          const task = { model, signal, timeoutMs: settings.timeout_ms };
          const outputs = await infer(tasks, task, { inputs: call.inputs, binary: call.binary, settings });
          return writeInference(model, call, outputs, signal);
        });
        if ('json' in answer) return sendJson(reply, answer.json) as never;
        const { pieces, jsonLength } = answer;
        const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
        return reply
          .header(headerLength, jsonLength)
          .header('content-length', length)
          .type('application/octet-stream')
          .send(Readable.from(pieces, { objectMode: false }) as never);
      },
    );
  }
};

const copied = ({ name, datatype, shape }: { name: string; datatype: string; shape: readonly number[] }) => ({
  name,
  datatype,
  shape: [...shape],
});
