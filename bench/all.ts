import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';

/*
 * Every benchmark, one after another on this machine, each beside its peers. Prints the tables
 * that docs/performance.md quotes. Run it on a quiet machine: `npm run bench`.
 */
const benches = [
  ['flip'],
  ['staging'],
  ['journal'],
  ['run'],
  ['daemon'],
  ['intake'],
  ['command'],
  ['scale'],
  ['audit'],
];
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

process.stdout.write(`node ${process.version}, ${cpus().length} cores\n`);
const failed = benches.filter(([name = '', ...args]) => {
  process.stdout.write(`\n## ${name}\n`);
  const program = join(import.meta.dirname, `${name}.ts`);
  const argv = ['--import', 'tsx', program, ...args];
  return spawnSync(process.execPath, argv, { stdio: 'inherit', env }).status !== 0;
});
if (failed.length > 0) process.stdout.write(`\nfailed: ${failed.map(([name]) => name).join()}\n`);
process.exitCode = failed.length > 0 ? 1 : 0;
