// Where a worker thread begins in a checkout, on a node that does not strip types: threads do not
// inherit the loader that runs the TypeScript of the main thread. The tests have built the product
// (test/built.ts): a thread that is in that build starts five times as fast.
import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';

const supervisor = fileURLToPath(new URL('../..', import.meta.url));
const path = relative(supervisor, fileURLToPath(workerData.entry));
const built = join(process.env.AIRLOCK_TEST_BUILD ?? supervisor, path.replace(/\.ts$/, '.js'));
if (existsSync(built)) {
  await import(pathToFileURL(built).href);
} else {
  const { register } = await import('tsx/esm/api');
  register();
  await import(workerData.entry);
}
