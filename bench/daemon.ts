import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openReader } from '../supervisor/store/reader.ts';
import { readAnswer, writeRequest } from '../supervisor/store/requests.ts';
import { Daemon } from '../test/story/daemon.ts';
import { repository } from '../test/story/stories.ts';
import { quantile, reportGoal } from './measure.ts';

/*
 * The real daemon as its own process, on the smallest runtime there is: how long a drop takes to be
 * received, an operator's rollback to be done (idle, and beside a smoke test and a staging), what
 * Airlock itself adds to a change, what an idle daemon costs. Peers are bare node and the shell.
 */
const tiny = join(repository, 'test/fixtures/tiny-runtime');
const daemon = new Daemon(`
runtime: {source: ${tiny}, include: [kernel, app, config], entry: [node, kernel/main.mjs]}
tick: "0 * * * * *"
permissions: [{paths: [app/**], approval: none}]
smoke: {suite: ${tiny}/smoke, within: 1m}
canary: {runs: 1, within: 1m, extraRuns: 6}
bake: {for: 100ms, max: 5m}
models: {cheap: [{provider: rehearsal}]}
limits: {queuedPerAgent: 100000, jitter: 0s, backoff: 1ms}
`);
const { layout } = daemon;
const command = join(repository, 'dist/cli/airlock.js');
const ms = (from: number) => performance.now() - from;

async function until<T>(look: () => T | null | undefined | false, within = 120_000): Promise<T> {
  const end = performance.now() + within;
  for (;;) {
    const found = look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited too long\n${daemon.said}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function drop(agent: string, name: string, text: string): void {
  const inbox = layout.inbox(agent);
  const place = join(inbox, `.${name}`);
  mkdirSync(join(place, 'files/app'), { recursive: true });
  writeFileSync(join(place, 'proposal.yaml'), JSON.stringify({ title: name }));
  writeFileSync(join(place, 'files/app/prompt.md'), text);
  renameSync(place, join(inbox, name));
}

const reader = () => openReader(layout.journal);
const proposals = (limit = 5) => {
  const open = reader();
  try {
    return open.proposals({ limit });
  } finally {
    open.close();
  }
};
const ended = (name: string, phase: string) =>
  proposals(50).find((one) => one.drop === name && one.phase === phase);

/** One change from drop to stable; what of it was not build, smoke or runs. */
async function ownTime(name: string, text: string): Promise<number> {
  drop('ben', name, text);
  const done = await until(() => ended(name, 'stable'));
  const open = reader();
  const entries = open.log({ limit: 2000 }).map((line) => line.entry);
  open.close();
  const since = Date.parse(done.receivedAt);
  const spans: [number, number][] = [];
  for (const out of entries) {
    if (out.type !== 'outcome' || !['build', 'smoke', 'run'].includes(out.step.do)) continue;
    const begun = entries.find((one) => one.type === 'intent' && one.key === out.key);
    if (begun !== undefined && begun.at >= since) spans.push([begun.at, out.at]);
  }
  // The bake is a wait as well: 100 ms by this policy, from the flip.
  const flip = entries.find((one) => one.type === 'outcome' && one.step.do === 'flip');
  if (flip !== undefined) spans.push([flip.at, flip.at + 100]);
  return Date.parse(done.endedAt ?? '') - since - covered(spans);
}

function covered(spans: [number, number][]): number {
  let end = 0;
  return spans
    .toSorted((a, b) => a[0] - b[0])
    .reduce((sum, [from, to]) => {
      const add = Math.max(0, to - Math.max(from, end));
      end = Math.max(end, to);
      return sum + add;
    }, 0);
}

/** Request to restored `current`; goes back and forth between two releases. */
async function rollbacks(count: number, releases: string[]): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const now = daemon.read((one) => one.state().host.get('host')?.current);
    const to = releases.find((one) => one !== now) ?? null;
    const began = performance.now();
    const request = { verb: 'rollback', to, keep: true, reason: 'bench', flipped: null } as const;
    const id = writeRequest(layout, request, Date.now());
    await until(() => readAnswer(layout, id)?.ok);
    times.push(ms(began));
  }
  return times;
}

/** From a drop's rename to `received` in the journal; a look every 2 ms is part of it. */
async function drops(name: string): Promise<number[]> {
  const times: number[] = [];
  const open = reader();
  for (let at = 0; at < 200; at++) {
    drop('ada', `${name}${at}`, `${name} ${at}.\n`);
    const began = performance.now();
    await until(() => open.proposals({ limit: 1 })[0]?.drop === `${name}${at}`);
    times.push(ms(began));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  open.close();
  return times;
}

const airlock = (...args: string[]) =>
  spawnSync(process.execPath, [command, ...args, '--root', layout.root]);

const show = (name: string, times: number[], goal: string) =>
  reportGoal(name, 'ms', { p50: quantile(times, 0.5), p99: quantile(times, 0.99) }, goal);

try {
  await daemon.start();
  const own: number[] = [];
  for (let at = 0; at < 5; at++) own.push(await ownTime(`own${at}`, `Change ${at}.\n`));
  show('what Airlock adds to a change', own, 'p50 < 300');

  airlock('lock', '--reason', 'bench');
  show('drop by rename to received in the journal, idle', await drops('idle'), 'p99 < 50');
  airlock('unlock');
  const beside = await drops('beside');
  show('the same beside staging, smoke tests and runs', beside, 'p99 < 50');

  const releases = readdirSync(layout.releases)
    .filter((one) => one !== 'README.md')
    .slice(-2);
  airlock('lock', '--reason', 'bench');
  show('rollback, idle', await rollbacks(100, releases), 'p99 < 50');
  airlock('unlock');
  const busy: number[] = [];
  for (let at = 0; at < 20; at++) {
    drop('cleo', `busy${at}`, `Busy ${at}.\n`);
    await until(() =>
      proposals(300).find((one) => one.drop === `busy${at}` && one.phase !== 'received'),
    );
    busy.push(...(await rollbacks(1, releases)));
  }
  show('rollback beside a staging and a smoke test', busy, 'p99 < 50');

  await idle();
} finally {
  await daemon.stop();
}

/** Resident memory and processor share over ten seconds without work. */
async function idle(): Promise<void> {
  airlock('lock', '--reason', 'bench');
  await until(() => daemon.read((one) => one.state().runs.size === 0));
  const { pid } = JSON.parse(readFileSync(layout.daemon, 'utf8')) as { pid: number };
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  // Half a minute of quiet, after which a second thread has left.
  await new Promise((resolve) => setTimeout(resolve, 30_000));
  const rss =
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  const share = (ticks() - before) / 10;
  reportGoal('idle daemon', '(MB, % of a core)', { rss, cpu: share }, 'rss < 100, cpu < 0.1');
}
