import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createDiskSpace } from '../../src/jobs/disk-space.ts';
import { temporaryFolder } from './fixtures.ts';

it('rejects a write that would leave less than the reserve, with the figures', async () => {
  const folder = temporaryFolder();
  await createDiskSpace(folder, 0).check(1);
  await expect(createDiskSpace(folder, 0).check(2 ** 60)).rejects.toMatchObject({
    code: 'disk_full',
    message: expect.stringMatching(/has \d+ bytes free, \d+ are needed and 0 are reserved/) as string,
  });
  await expect(createDiskSpace(folder, 2 ** 60).check(0)).rejects.toMatchObject({ code: 'disk_full' });
});

it('does not check a folder that does not exist yet', async () => {
  const later = createDiskSpace(join(temporaryFolder(), 'later'), 2 ** 60);
  await expect(later.check(1)).resolves.toBeUndefined();
});
