/**
 * Imports BullMQ where a setting asks for it. The serialiser that it depends on would load a native add-on if one is
 * installed; its JavaScript does as well for entries of a few bytes.
 */
export async function importBullmq(): Promise<typeof import('bullmq')> {
  process.env['MSGPACKR_NATIVE_ACCELERATION_DISABLED'] = 'true';
  return import('bullmq');
}
