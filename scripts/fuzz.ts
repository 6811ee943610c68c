import { parseArgs } from 'node:util';
import { fuzz, seeds } from '../test/formats/fuzz.ts';

// The long run of test/formats/fuzz.test.ts: damaged files of every format, each of which is read or
// rejected.

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    from: { type: 'string', default: '0' },
    only: { type: 'string' },
  },
});
for (const name of Object.keys(seeds).filter((one) => !options.only || one === options.only)) {
  const started = performance.now();
  const read = await fuzz(name, Number(options.count), Number(options.from));
  const seconds = (performance.now() - started) / 1000;
  console.log(`${name}: ${options.count} files, ${read} read, the others rejected; ${seconds.toFixed(1)} s`);
}
