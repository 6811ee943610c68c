import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

// Loaded before a server's own code (--import): kills the process as soon as a version has its name in the models folder, so that
// nobody can record it.

const { rename } = fs;
fs.rename = async (from, to) => {
  await rename(from, to);
  if (/[\\/]models[\\/][^\\/]+[\\/]\d+$/.test(String(to))) process.kill(process.pid, 'SIGKILL');
};
syncBuiltinESMExports();
