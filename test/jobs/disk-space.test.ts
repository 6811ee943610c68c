import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDiskSpace } from '../../src/jobs/disk-space.ts';
import { temporaryFolder } from './fixtures.ts';

it('refuses what would leave less than the reserve, with the figures', async () => {
  const folder = temporaryFolder();
  await createDiskSpace(folder, 0).check(1);
  await expect(createDiskSpace(folder, 0).check(2 ** 60)).rejects.toMatchObject({
    code: 'disk_full',
    message: expect.stringMatching(/has \d+ bytes free, \d+ are wanted and 0 are kept free/) as string,
  });
  await expect(createDiskSpace(folder, 2 ** 60).check(0)).rejects.toMatchObject({ code: 'disk_full' });
});

it('does not look at a folder that is yet to be made', async () => {
  await createDiskSpace(join(temporaryFolder(), 'later'), 2 ** 60).check(1);
});
