import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from '../test/story/daemon.ts';
import { repository } from '../test/story/stories.ts';
import { quantile, reportGoal } from './measure.ts';

/*
 * The command as a person starts it, against bare node and against the shell's cp+ln+mv: rolling
 * back without a daemon, and status. Each round takes its turn with its peers.
 */
const tiny = join(repository, 'test/fixtures/tiny-runtime');
const command = join(repository, 'dist/cli/airlock.js');
const rounds = Number(process.argv[2] ?? 15);
const daemon = new Daemon(`
runtime: {source: ${tiny}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
permissions: [{paths: [app/**], approval: none}]
smoke: {suite: ${tiny}/smoke, within: 1m}
canary: {runs: 1, within: 1m, extraRuns: 6}
bake: {for: 100ms, max: 5m}
models: {cheap: [{provider: rehearsal}]}
limits: {jitter: 0s}
`);
const timed = (argv: string[], env = process.env): number => {
  const began = performance.now();
  const { status, stderr } = spawnSync(argv[0] ?? '', argv.slice(1), { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}\n${stderr}`);
  return performance.now() - began;
};
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;

await daemon.start();
const first = daemon.read((one) => one.state().host.get('host')?.current ?? '');
daemon.ask('propose', join(repository, 'test/fixtures/tiny-change'), '--as', 'ada', '--wait');
const second = daemon.read((one) => one.state().host.get('host')?.current ?? '');
const kept = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
cpSync(daemon.folder, kept, { recursive: true, verbatimSymlinks: true });
await daemon.stop();

const place = ['--root', join(kept, 'root'), '--policy', join(kept, 'airlock.yaml')];
const bare: number[] = [];
const back: number[] = [];
const status: number[] = [];
const shell: number[] = [];
for (let at = 0; at < rounds; at++) {
  bare.push(timed([process.execPath, '-e', '0'], env));
  const to = at % 2 === 0 ? first : second;
  const how = ['rollback', '--to', to, '--keep', '--reason', 'bench', ...place];
  back.push(timed([process.execPath, command, ...how], env));
  status.push(timed([process.execPath, command, 'status', ...place], env));
  const script = `cp -al ${first} .x && ln -sfn ${to} .l && mv -T .l now && rm -rf .x`;
  shell.push(timed(['sh', '-c', `cd ${kept}/root/releases && ${script}`], env));
}
rmSync(kept, { recursive: true, force: true });

const p50 = (times: number[]) => quantile(times, 0.5);
reportGoal(
  'rollback without a daemon, the whole command',
  'ms',
  { bare: p50(bare), shell: p50(shell), ours: p50(back), over: p50(back) - p50(bare) },
  'over bare node <= 100 ms (capistrano 265, nix-env 20)',
);
reportGoal('status, small host', 'ms', { bare: p50(bare), ours: p50(status) }, '< 300');
