import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ImportedFile } from '../../../src/formats/read-imported.ts';
import { toModelTemplate } from '../../../src/formats/pytorch/model-template.ts';
import { readImportedFile } from '../../../src/formats/read-imported.ts';
import { writeSafetensors } from '../../../src/formats/safetensors.ts';
import type { NetworkSpec } from '../../../src/network/spec.ts';
import type { Weights } from '../../../src/network/weights.ts';
import { readModelFolder } from '../../../src/repository/read-model-folder.ts';
import { getSequence } from '../../repository/sequence-model.ts';
import { runAlone, createTestRunner } from '../../network/random-network.ts';
import { temporaryFolder } from '../../repository/model-folders.ts';

// Checkpoints as PyTorch 1.13 saves them (golden/make-state-dicts.py), and what their modules answered.

interface Answer {
  readonly x: number[] | number[][];
  readonly y: number[][];
  readonly served?: true;
  /** A part of the reason. */
  readonly refused?: string;
  /** Fields of layers by their names, as a person completes them; null for a layer that is removed. */
  readonly complete?: Readonly<Record<string, object | null>>;
}
interface TemplateSpec {
  readonly network: { readonly layers: readonly { readonly name: string }[] };
}

const folder = join(import.meta.dirname, '../../golden/state-dicts');
const answers = Object.entries(
  JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as Record<string, Answer>,
);
const read = (name: string): Promise<ImportedFile> => readImportedFile(readFileSync(join(folder, name)));

/** The largest difference from what PyTorch answered; of an answer of one row, from that of the last step. */
function worst(network: NetworkSpec, weights: Weights, { x, y }: Answer): number {
  const runner = createTestRunner(network, weights);
  const isIds = typeof x[0] === 'number';
  const rows = runAlone(runner, isIds ? Int32Array.from(x as number[]) : Float32Array.from(x.flat()));
  runner.release();
  const answered = rows.slice(-y.length);
  return Math.max(...y.flatMap((row, t) => row.map((value, k) => Math.abs(value - answered[t]![k]!))));
}

describe('weights without code', () => {
  it.each(answers.filter(([, { served }]) => served))('%s is one certain network', async (name, answer) => {
    const { network, weights, input } = (await read(name)).network();
    expect(input).toEqual({ kind: 'features', width: 3 });
    expect(worst(network, weights, answer)).toBeLessThan(1e-6);
  });

  const refused = answers.filter(([, answer]) => answer.refused !== undefined);
  it.each(refused)('%s is not one certain network, and refused with the reason', async (name, answer) => {
    const file = await read(name);
    expect(() => file.network()).toThrow(expect.objectContaining({ code: 'invalid_model' }));
    expect(() => file.network()).toThrow('model.json is missing, and the weights alone are not one certain');
    expect(() => file.network()).toThrow(answer.refused);
    expect(() => file.network()).toThrow('unroll inspect --template FILE');
  });

  it('is the same network as safetensors, with numbers that no layer reads', async () => {
    const [name, answer] = answers.find(([one]) => one === 'lstm-cell.pt')!;
    const { arrays } = await read(name);
    const bytes = writeSafetensors(
      new Map([...arrays, ['bn.num_batches_tracked', { shape: [], values: new Float32Array(1) }]]),
    );
    const integers = Buffer.from(bytes).toString('latin1').replace('"F32","shape":[]', '"I32","shape":[]');
    const { network, weights, notes } = (
      await readImportedFile(Uint8Array.from(Buffer.from(integers, 'latin1')))
    ).network();
    expect(worst(network, weights, answer)).toBeLessThan(1e-6);
    expect(notes).toContain('left out: "bn.num_batches_tracked"');
  });
});

describe('the template of a model.json', () => {
  const completable = answers.filter(([, { complete }]) => complete);

  /** A folder with the file and its template, whose layers `edit` changes. */
  async function writeFolder(
    name: string,
    edit: (layer: TemplateSpec['network']['layers'][number]) => object | null,
  ): Promise<{ root: string; version: string }> {
    const root = temporaryFolder();
    const version = join(root, 'tiny', '1');
    mkdirSync(version, { recursive: true });
    copyFileSync(join(folder, name), join(version, name));
    const spec = toModelTemplate(name, (await read(name)).arrays).spec as TemplateSpec;
    const layers = spec.network.layers.map(edit).filter((layer) => layer !== null);
    writeFileSync(
      join(version, 'model.json'),
      JSON.stringify({ ...spec, name: 'tiny', network: { layers } }),
    );
    return { root, version };
  }

  it.each(completable)('of %s gives what PyTorch gives, once it is completed', async (name, answer) => {
    const fields = answer.complete!;
    const { root, version } = await writeFolder(name, (layer) =>
      fields[layer.name] === null ? null : { ...layer, ...fields[layer.name] },
    );
    const { spec, weights } = getSequence(await readModelFolder(root, version, 'tiny'));
    expect(worst(spec.network, await weights(), answer)).toBeLessThan(1e-6);
  });

  it.each(completable)('of %s is refused as long as it is not completed', async (name) => {
    const { root, version } = await writeFolder(name, (layer) => layer);
    await expect(readModelFolder(root, version, 'tiny')).rejects.toThrow(/model\.json: network\.layers\.\d/);
  });

  it('may name a file whose name has spaces and is not ASCII, but none in another folder', async () => {
    const [name, answer] = completable.find(([one]) => one === 'rnn-relu.pt')!;
    const { root, version } = await writeFolder(name, (layer) =>
      layer.name === 'answer' ? null : { ...layer, ...answer.complete![layer.name] },
    );
    const path = join(version, 'model.json');
    const text = readFileSync(path, 'utf8');
    renameSync(join(version, name), join(version, 'mein Modell ④.pt'));
    writeFileSync(path, text.replace(`"${name}"`, '"mein Modell ④.pt"'));
    const { spec, weights } = getSequence(await readModelFolder(root, version, 'tiny'));
    expect(worst(spec.network, await weights(), answer)).toBeLessThan(1e-6);
    for (const file of ['../1/m.pt', '/m.pt', '.m.pt', 'a/m.pt', 'a\\\\m.pt', 'm\\u0000.pt', '']) {
      writeFileSync(path, text.replace(`"${name}"`, `"${file}"`));
      await expect(readModelFolder(root, version, 'tiny')).rejects.toThrow(
        'weights.file: must be the name of a file beside model.json',
      );
    }
  });

  it('names the candidates', async () => {
    const { spec, questions } = toModelTemplate('m.pt', (await read('both-ends.pt')).arrays);
    expect(spec).toMatchObject({
      inputs: { kind: 'numeric', features: [{ name: 'x0' }, { name: 'x1' }, { name: 'x2' }] },
      network: {
        layers: [
          { cell: 'gru', units: 4, layers: 2, backward_at: expect.stringMatching(/^one of: step, first/) },
          { type: 'pool', mode: expect.stringMatching(/^one of: last, mean, max/) },
          { type: 'dense', units: 2, activation: expect.stringMatching(/^one of: linear, relu/) },
        ],
      },
      weights: { file: 'm.pt', layers: { rnn: 'rnn', fc: 'fc' } },
    });
    expect(questions).toEqual(['the one order in which their widths join is rnn → fc']);
    const several = toModelTemplate('m.pt', (await read('one-feature.pt')).arrays);
    expect(several.questions.join('\n')).toContain('2 orders: rnn → fc; fc → rnn');
  });

  it('names what no layer can be', async () => {
    const of = async (name: string) => toModelTemplate(name, (await read(name)).arrays).questions.join('\n');
    expect(await of('batch-norm.pt')).toContain('no layer for it: "bn" has weight [4]');
    expect(await of('two-heads.pt')).toContain('in no chain');
    await expect(of('projection.pt')).resolves.toContain('"rnn" has a projection (proj_size)');
  });
});
