import { expect, it } from 'vitest';
import { cellChoices, findCell } from '../../src/cells/registry.ts';
import { formatNetwork } from '../../src/cli/format-network.ts';
import { describeNetwork } from '../../src/engine/network-info.ts';
import { createKernel } from '../../src/cells/create-kernel.ts';
import { arenaBytes } from '../../src/network/layout.ts';
import { compileNetwork, freeNetwork } from '../../src/network/compile-network.ts';
import { createRunner } from '../../src/network/runner.ts';
import { features, network, randomWeights } from '../network/random-network.ts';

const kernel = createKernel({ mode: 'plain', memoryMegabytes: 16 });

it.each(cellChoices)('inspect and the API show a layer of %j with its parameters', (choice) => {
  const spec = network([{ type: 'recurrent', name: 'cells', ...choice, units: 3 }]);
  const input = features(2);
  const weights = randomWeights(spec, input);
  const variant = choice.reset
    ? `reset ${choice.reset}`
    : findCell(choice).supports.includes('activation')
      ? 'tanh'
      : '';

  const lines = formatNetwork({ network: spec, input, weights, notes: [] });
  expect(lines[1]).toContain(`recurrent: ${choice.cell}${variant && ` ${variant}`}  2 → 3`);

  const compiled = compileNetwork(spec, weights, kernel);
  const size = { maxRows: 1, maxPacked: 1 };
  const bytes = arenaBytes(compiled, size);
  const offset = kernel.memory.allocate(bytes);
  const runner = createRunner(compiled, kernel.memory.memory, { offset, bytes }, size);
  const info = describeNetwork(spec, weights, { compiled, runner, maxSteps: 1, maxBeam: 0 });
  const gates = findCell(choice).gates;
  const products = gates.filter(({ product }) => product !== 'none').length;
  expect(info).toMatchObject({
    stateFloats: 3 * findCell(choice).states.length,
    layers: [
      {
        type: 'recurrent',
        detail: `${choice.cell}${variant && ` ${variant}`}`,
        parameters: gates.length * 3 * (2 + 1) + products * 3 * (3 + 1),
      },
    ],
  });
  kernel.memory.free(offset);
  freeNetwork(compiled, kernel);
});
