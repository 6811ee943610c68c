import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { readDictionary } from '../../examples/pronounce/data.ts';
import { readCorpus } from '../../examples/brown-tagger/corpus.ts';
import { features, readDays, toRow } from '../../examples/births/series.ts';
import { editDistance } from '../../examples/pronounce/edit-distance.ts';
import { serveModels } from './served-models.ts';

// Each shipped model again, on a part of what was held out, beside what its model.json claims of all of it.

const served = await serveModels();
afterAll(() => served.close());
const readFigures = (name: string): Record<string, never> =>
  (
    JSON.parse(readFileSync(`models/${name}/1/model.json`, 'utf8')) as {
      provenance: { figures: Record<string, never> };
    }
  ).provenance.figures;

it.each(['language', 'moby', 'brown-tagger', 'pronounce', 'names', 'births'])('%s fits into 8 MB', (name) => {
  expect(readFileSync(`models/${name}/1/weights.safetensors`).length).toBeLessThanOrEqual(8e6);
});

describe('pronounce', () => {
  it('makes about as many errors as it claims', async () => {
    const words = readDictionary().heldOut.filter((_, i) => i % 20 === 0);
    const total = { errors: 0, phonemes: 0 };
    for (let at = 0; at < words.length; at += 200) {
      const part = words.slice(at, at + 200);
      const { predictions } = await served.post<{ predictions: { hypotheses: { tokens: string[] }[] }[] }>(
        '/v1/models/pronounce/decode',
        { input: part.map(({ word }) => word), beam_size: 1, timeout_ms: 60_000 },
      );
      predictions.forEach(({ hypotheses: [best] }, i) => {
        const distances = part[i]!.variants.map((variant) => editDistance(variant, best!.tokens));
        total.errors += Math.min(...distances);
        total.phonemes += part[i]!.variants[0]!.length;
      });
    }
    const claimed = (readFigures('pronounce')['greedy'] as unknown as { phoneme_error: number })
      .phoneme_error;
    expect(Math.abs(total.errors / total.phonemes - claimed)).toBeLessThan(0.02);
  });
});

describe('brown-tagger', () => {
  it('is right about as often as it claims', async () => {
    const sentences = readCorpus().heldOut.slice(0, 300);
    const { predictions } = await served.post<{ predictions: { tokens: { label: string }[] }[] }>(
      '/v1/models/brown-tagger/tag',
      { input: sentences.slice(0, 250).map(({ tokens }) => tokens), timeout_ms: 60_000 },
    );
    const judged = predictions.flatMap(({ tokens }, i) =>
      tokens.map(({ label }, t) => label === sentences[i]!.labels[t]),
    );
    const right = judged.filter(Boolean).length / judged.length;
    expect(Math.abs(right - Number(readFigures('brown-tagger')['token_accuracy']))).toBeLessThan(0.015);
  });
});

describe('names', () => {
  it('invents the same names by the same seed, and others for the other category', async () => {
    const draw = async (category: string) =>
      (
        await served.post<{ predictions: { hypotheses: { text: string }[] }[] }>('/v1/models/names/decode', {
          input: [[category]],
          temperature: 1,
          n: 40,
          seed: 3,
        })
      ).predictions[0]!.hypotheses.map(({ text }) => text);
    const names = await draw('female');
    expect(await draw('female')).toEqual(names);
    expect(await draw('male')).not.toEqual(names);
    for (const name of names) expect(name).toMatch(/^[A-Z][A-Za-z '-]*$/);
  });
});

describe('births', () => {
  it('knows the week: the next two Sundays are quieter than the days between', async () => {
    const days = readDays().slice(-84);
    const { predictions } = await served.post<{ predictions: { output: number[][] }[] }>(
      '/v1/models/births/predict',
      {
        input: [days.map(toRow)],
      },
    );
    expect(features).toHaveLength(toRow(days[0]!).length);
    const next = predictions[0]!.output.at(-1)!;
    const weekday = (ahead: number): number => ((days.at(-1)!.weekday + ahead) % 7) + 1;
    const mean = (holds: (day: number) => boolean): number => {
      const chosen = next.filter((_, ahead) => holds(weekday(ahead)));
      return chosen.reduce((sum, one) => sum + one, 0) / chosen.length;
    };
    expect(mean((day) => day === 7)).toBeLessThan(0.75 * mean((day) => day < 6));
  });
});
