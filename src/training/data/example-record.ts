import { z } from 'zod';
import type { TrainingSpec } from '../training-spec.ts';

// Schemas of a JSONL record, by task.

const text = z.string().min(1);
const tokens = z.array(text).min(1);
const values = z.union([z.array(z.number()).min(1), z.array(z.array(z.number()).min(1)).min(1)]);

const classifyRecord = z
  .strictObject({
    text: text.optional(),
    values: values.optional(),
    label: text.optional(),
    labels: z.array(text).optional(),
  })
  .refine((one) => (one.text === undefined) !== (one.values === undefined), 'needs either text or values')
  .refine((one) => (one.label === undefined) !== (one.labels === undefined), 'needs either label or labels');
const tagRecord = z
  .strictObject({ tokens: tokens.optional(), text: text.optional(), labels: tokens })
  .refine((one) => (one.text === undefined) !== (one.tokens === undefined), 'needs either tokens or text')
  .refine(
    ({ tokens: words, labels }) => !words || words.length === labels.length,
    'needs as many labels as tokens',
  );
const decodeRecord = z.strictObject({ source: z.union([text, tokens]), target: z.union([text, tokens]) });
const generateRecord = z.strictObject({ text });
const predictRecord = z.strictObject({ values, target: z.union([z.number(), values]) });

const byTask = {
  classify: classifyRecord,
  tag: tagRecord,
  decode: decodeRecord,
  generate: generateRecord,
  predict: predictRecord,
} as const satisfies Record<TrainingSpec['task'], z.ZodType>;

export type ClassifyRecord = z.infer<typeof classifyRecord>;
export type TagRecord = z.infer<typeof tagRecord>;
export type DecodeRecord = z.infer<typeof decodeRecord>;
export type PredictRecord = z.infer<typeof predictRecord>;
export type ExampleRecord = ClassifyRecord | TagRecord | DecodeRecord | { text: string } | PredictRecord;

/** A record of `prompt` and `completion`, as files for fine-tuning have, with the names of its task. */
function renamePair(task: TrainingSpec['task'], json: unknown): unknown {
  if (typeof json !== 'object' || json === null || !('completion' in json)) return json;
  const { prompt = '', completion, ...rest } = json as Record<string, unknown>;
  if (typeof prompt !== 'string' || typeof completion !== 'string') return json;
  if (task === 'generate') return { text: prompt + completion, ...rest };
  if (task === 'classify') return { text: prompt, label: completion.trim(), ...rest };
  return task === 'decode' ? { source: prompt, target: completion, ...rest } : json;
}

/**
 * Validates a record against the schema of its task; null accepts any object.
 * @returns the record, or an error message
 */
export function parseRecord(task: TrainingSpec['task'] | null, json: unknown): ExampleRecord | string {
  if (task === null) {
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json;
    return 'must be an object';
  }
  const { success, data, error } = byTask[task].safeParse(renamePair(task, json));
  if (success) return data;
  return error.issues
    .slice(0, 3)
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
}
