import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { host } from '../supervisor/model/state.ts';
import { openJournal } from '../supervisor/store/journal.ts';
import { aRelease } from '../test/fixtures/store/rows.ts';
import { Daemon } from '../test/story/daemon.ts';
import { repository } from '../test/story/stories.ts';
import { agentName, cron, fill, many, numbers } from './big.ts';
import { quantile, reportGoal } from './measure.ts';

/*
 * The real command on a big host: 1,000 agents, 1,000 releases with their folders, a million
 * entries. How long `status` takes, a restart to `ready`, and what the idle daemon costs.
 */
const entries = Number(process.argv[2] ?? 1_000_000);
const rounds = 15;
const command = join(repository, 'dist/cli/airlock.js');
const tiny = join(repository, 'test/fixtures/tiny-runtime');
const source = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
cpSync(tiny, source, { recursive: true });
writeFileSync(join(source, 'config/agents.yaml'), `agents:\n${numbers(many).map(entry).join('')}`);
const daemon = new Daemon(`
runtime: {source: ${source}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
smoke: {suite: ${tiny}/smoke, within: 1m}
models: {cheap: [{provider: rehearsal}]}
keep: {releases: 5000}
`);
const { layout } = daemon;
const place = ['--root', layout.root, '--policy', join(daemon.folder, 'airlock.yaml')];

try {
  await daemon.start();
  await daemon.quit();
  grow();
  await restart();
  measureStatus('status without a daemon');
  await daemon.start();
  measureStatus('status beside the daemon');
  await idle();
} finally {
  await daemon.stop();
  rmSync(source, { recursive: true, force: true });
}

function entry(n: number): string {
  const tenant = `tenant-${n % 10}`;
  const fields = `role: does the work of number ${n}, tenant: ${tenant}, model: cheap`;
  const more = `schedule: {task: "${cron}"}, tools: [write, propose], budget: {day: 5}`;
  return `  - {name: ${agentName(n)}, ${fields}, ${more}}\n`;
}

/** What a year of work leaves behind. */
function grow(): void {
  const journal = openJournal(layout.journal, Date.now);
  const first = host(journal.load()).current ?? '';
  fill(journal, entries);
  journal.close();
  for (const n of numbers(many)) {
    spawnSync('cp', ['-al', layout.release(first), layout.release(aRelease(n).id)]);
  }
}

async function restart(): Promise<void> {
  const times: number[] = [];
  for (let at = 0; at < 5; at++) {
    const began = performance.now();
    await daemon.start();
    times.push(performance.now() - began);
    await daemon.quit();
  }
  const values = { p50: quantile(times, 0.5), most: Math.max(...times), load: loadavg()[0] ?? 0 };
  reportGoal('restart to ready, big host', 'ms', values, '< 3000');
}

function measureStatus(name: string): void {
  const bare = numbers(rounds).map(() => timed([process.execPath, '-e', '0']));
  const ours = numbers(rounds).map(() => timed([process.execPath, command, 'status', ...place]));
  const of = (all: Cost[], what: keyof Cost) =>
    quantile(
      all.map((one) => one[what]),
      0.5,
    );
  const values = {
    'bare wall': of(bare, 'wall'),
    'bare cpu': of(bare, 'cpu'),
    wall: of(ours, 'wall'),
    cpu: of(ours, 'cpu'),
    load: loadavg()[0] ?? 0,
  };
  reportGoal(`${name}, big host`, 'ms', values, '< 300');
}

interface Cost {
  wall: number;
  cpu: number;
}

/** By the clock, and the processor time that the shell knows of its child. */
function timed(argv: string[]): Cost {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const script = '"$@" >/dev/null || exit 1; times';
  const began = performance.now();
  const { status, stdout } = spawnSync('bash', ['-c', script, 'bash', ...argv], {
    env,
    encoding: 'utf8',
  });
  const wall = performance.now() - began;
  if (status !== 0) throw new Error(`${argv.join(' ')}: exit ${status}`);
  const [user = 0, system = 0] = [
    ...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g),
  ].map(([, minutes, seconds]) => Number(minutes) * 60_000 + Number(seconds) * 1000);
  return { wall, cpu: user + system };
}

/** Resident memory and processor share over half a minute without work. */
async function idle(): Promise<void> {
  // What the start has left is collected within seconds.
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  const read = (what: string) => readFileSync(`/proc/${daemon.pid}/${what}`, 'utf8');
  const ticks = () => {
    const fields = read('stat').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  const cpu = (ticks() - before) / 30;
  const rss = Number(/VmRSS:\s+(\d+)/.exec(read('status'))?.[1]) / 1024;
  reportGoal('idle daemon, big host', '(MB, % of a core)', { rss, cpu }, 'cpu < 0.1');
}
