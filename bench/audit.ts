import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findings, survey } from '../supervisor/audit/audit.ts';
import { installOf } from '../supervisor/audit/install.ts';
import type { TryRequest } from '../supervisor/host/path/try.ts';
import { findPrograms } from '../supervisor/host/process/programs.ts';
import { layout } from '../supervisor/model/layout.ts';
import { median, report, reportGoal } from './measure.ts';

/*
 * The audit of 50 agents and 2,000 files of dependencies, as root, against what an operator would
 * do by hand: `find -perm` over the same folders, and `find -writable` as each agent's user.
 */
const rounds = Number(process.argv[2] ?? 11);
const agents = Array.from({ length: 50 }, (_, index) => `agent-${index}`);
const folder = mkdtempSync(join(tmpdir(), 'airlock-bench-'));
const at = layout(join(folder, 'root'));
const deps = join(at.deps, 'lock');
for (let count = 0; count < 2000; count++) {
  const place = join(deps, 'node_modules', `package-${count % 200}`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, `file-${count}.js`), '');
}
mkdirSync(join(at.release('r'), 'kernel'), { recursive: true });
for (const one of [at.inboxes, at.state, at.switches, at.control, at.runs]) {
  mkdirSync(one, { recursive: true });
}
for (const [index, agent] of agents.entries()) {
  for (const one of [at.inbox(agent), at.workspace(agent)]) {
    mkdirSync(one, { recursive: true, mode: 0o700 });
    chownSync(one, 61_001 + index, 61_001 + index);
  }
  mkdirSync(at.receipts(agent), { recursive: true });
}
symlinkSync('releases/r', at.current);
execFileSync('chmod', ['755', folder]);

const uidOf = (agent: string) => 61_001 + agents.indexOf(agent);
const install = {
  ...installOf({
    ...{ layout: at, policyFile: join(folder, 'airlock.yaml'), policy: null, hostInstall: true },
    ...{ programs: findPrograms(), agents, releases: [{ id: 'r', deps: 'lock' }] },
    identities: {
      has: () => true,
      of: (agent) => ({ root: true, uid: uidOf(agent), gid: uidOf(agent) }),
    },
    search: (process.env.PATH ?? '').split(':'),
  }),
  // The checkout stands for nothing here: a program's folder is small.
  program: [],
};

/** As built: what a host runs, without the cost of reading TypeScript. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const env = { PATH, UV_THREADPOOL_SIZE: '1' };
const tries = join(import.meta.dirname, '../dist/host/path/tries.js');
let mounted = false;
async function probe(request: TryRequest) {
  const users = request.users.map((user) => ({ ...user, mount: !mounted }));
  const input = JSON.stringify({ ...request, users });
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--v8-pool-size=0', tries], {
    input,
    env,
  });
  if (status !== 0) throw new Error(stderr.toString());
  mounted = true;
  return JSON.parse(stdout.toString());
}

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const whole = async () => {
  const found = await findings(survey(install), probe);
  if (found.length > 0) throw new Error(JSON.stringify(found));
};
const perm = () => execFileSync('find', [at.root, '-perm', '/022', '!', '-type', 'l']);
const byHand = () => {
  perm();
  for (const agent of agents) {
    const who = [`--reuid=${uidOf(agent)}`, `--regid=${uidOf(agent)}`, '--clear-groups'];
    // What it may not look into it says, with exit 1.
    spawnSync('setpriv', [...who, 'find', at.root, '-writable', '!', '-type', 'l']);
  }
};

/** Processor time of this process and of all that it waited for, milliseconds; ticks of 10. */
function spent(): number {
  const [, fields = ''] = readFileSync('/proc/self/stat', 'utf8').split(') ');
  const [utime, stime, cutime, cstime] = fields.split(' ').slice(11, 15).map(Number);
  return ((utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0)) * 10;
}

async function processor(work: () => unknown): Promise<number> {
  const before = spent();
  for (let round = 0; round < rounds; round++) await work();
  return (spent() - before) / rounds;
}

const first = await timed(whole);
const times = {
  walk: [] as number[],
  find: [] as number[],
  hand: [] as number[],
  all: [] as number[],
};
for (let round = 0; round < rounds; round++) {
  times.walk.push(await timed(() => survey(install)));
  times.find.push(await timed(perm));
  times.all.push(await timed(whole));
  times.hand.push(await timed(byHand));
}
const bare = () => spawnSync(process.execPath, ['-e', '0'], { env });
const cpu = { bare: await processor(bare), walk: await processor(() => survey(install)) };
const worked = { ...cpu, whole: await processor(whole) };
rmSync(folder, { recursive: true, force: true });
reportGoal('the same: processor time', 'ms', worked, 'bare: node -e 0');
report('walk of the path', 'ms', { 'find -perm': median(times.find), ours: median(times.walk) });
report('audit, 50 agents and 2,000 files', 'ms', {
  'find as each': median(times.hand),
  ours: median(times.all),
});
reportGoal(
  'the same',
  'ms',
  { first, median: median(times.all), most: Math.max(...times.all) },
  '< 200',
);
