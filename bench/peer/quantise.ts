import { InferenceSession } from 'onnxruntime-node';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './cases.ts';
import { runInOnnxruntime } from './expected-rows.ts';
import { createRequests } from './requests.ts';
import { runUnroll, type ModelFiles } from './start.ts';

const records = 200;

/**
 * Publishes the models of fixed sizes with int8 weights, as users do, and prints how their scores change. The held-out records
 * have the labels that onnxruntime gives with the float32 weights; of the generator they are texts of random tokens.
 */
export async function quantiseModels(cases: readonly Case[], files: ModelFiles): Promise<void> {
  for (const one of cases.filter(({ precision }) => precision === 'int8')) {
    const file = join(files.data, `${one.name}.jsonl`);
    writeFileSync(file, (await createRecords(one)).map((record) => `${JSON.stringify(record)}\n`).join(''));
    const scores = runUnroll(['quantize', one.name, '--precision', 'int8', '--data', file], files.models);
    console.log(`\n${one.name}, quantised\n${scores.trimEnd()}`);
  }
}

async function createRecords(one: Case): Promise<object[]> {
  if (one.task === 'generate') {
    const requests = createRequests(one, records * recordTokens);
    return Array.from({ length: records }, (_, i) => ({
      text: requests
        .slice(i * recordTokens, (i + 1) * recordTokens)
        .map(({ tokens: [token] }) => token)
        .join(' '),
    }));
  }
  const session = await InferenceSession.create(one.onnx);
  const labelled = [];
  for (const { tokens } of createRequests(one, records)) {
    const labels = (await runInOnnxruntime(session, tokens)).map(
      (row) => `c${row.indexOf(Math.max(...row))}`,
    );
    const texts = tokens.map(String);
    labelled.push(
      one.task === 'tag' ? { tokens: texts, labels } : { text: texts.join(' '), label: labels[0] },
    );
  }
  return labelled;
}
const recordTokens = 50;
