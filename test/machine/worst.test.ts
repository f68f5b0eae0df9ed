import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { median } from '../../bench/measure.ts';
import type { InstalledHost } from './support/host.ts';
import {
  type Dropped,
  emptyInbox,
  hostOfTheWorst,
  type Run,
  type Seen,
  wall,
  whileBenRuns,
  work,
  worst,
} from './support/worst.ts';

/*
 * Runs that do their worst, each a program of its own (test/fixtures/worst), as real runs of a real
 * agent on an installed host, while another agent does its work. Each must be contained, be named in
 * the run's outcome, and leave nothing; the other agent must not notice.
 */
let host: InstalledHost;
const quiet: number[] = [];
const neighbours: number[] = [];
const beside: number[] = [];
const table: string[] = [];

const said = ({ reason }: Run) => `${reason?.code}: ${reason?.message} ${reason?.cause ?? ''}`;

async function does(name: string, ...rest: [typeof cancel] | []): Promise<Seen> {
  const seen = await worst(host, name, ...rest);
  const { run, containedMs, besideMs } = seen;
  beside.push(besideMs);
  const named = run.reason === null ? run.notes.join('; ') : said(run);
  const cells = [name.padEnd(18), run.outcome.padEnd(8), `${containedMs} ms`.padStart(8)];
  table.push([...cells, `${besideMs} ms`.padStart(7), named.slice(0, 200)].join('  '));
  return seen;
}

/** What an operator does about a run that does not end. */
const cancel = (id: string) => void host.airlock('cancel', id);

/** Nothing of a run is left: no process of its user, no group, no file where it may not write. */
function nothingLeft(): void {
  const left = host.machine.must(`pgrep -u al-ada
    find /sys/fs/cgroup -path "*/airlock-launcher.service/runs/*" -type d
    ls -A /var/lib/airlock/var/runs`);
  expect(left).toBe('');
}

/** What no run may change, as one text; a line of it that fails is a fault of this test. */
const precious = () =>
  host.machine.must(
    [
      'set -e; cd /var/lib/airlock; readlink current; ls -A var/switches',
      // Requests of this test's own come and go there.
      'ls -A var/control | grep -vE "^[0-9]{8}T[0-9]+Z-" || true',
      'find -L releases /usr/lib/airlock/current/bin /etc/airlock /etc/systemd/system' +
        ' -type f -exec sha256sum {} +',
      'find workspaces/ben inbox/ben receipts -newer var/mark -not -type d' +
        ' -not -name worked.txt -not -name "part-*" -not -name order.json -not -name up -not -name go',
      'sha256sum /etc/shadow; [ $(date +%Y) -lt 2030 ]',
    ].join('\n'),
  );

beforeAll(async () => {
  host = await hostOfTheWorst();
  // What is dropped here is sealed and judged, and goes no further.
  host.machine.must('airlock lock --reason "a test"; touch /var/lib/airlock/var/mark');
  for (let count = 0; count < 3; count++) {
    quiet.push(await work(host, false));
    neighbours.push(await work(host, true));
  }
}, 300_000);
afterAll(async () => {
  console.log(['run, outcome, contained in, other agent’s work, named', ...table].join('\n'));
  const of = [quiet, neighbours, beside].map(median);
  console.log(
    `another agent's work: ${of[0]} ms alone, ${of[1]} ms beside work, ${of[2]} ms beside these`,
  );
  await host?.[Symbol.asyncDispose]();
});

describe('what the kernel forbids at once', () => {
  it.each([
    ['writes-release', /write: EROFS/],
    ['writes-current', /link: (ENOENT|EROFS)/],
    ['writes-supervisor', /program: (ENOENT|EROFS)/],
    ['writes-workspace', /byProc: (ENOENT|EACCES)/],
    ['writes-inbox', /byProc: (ENOENT|EACCES)/],
    ['writes-journal', /database: ENOENT/],
    ['writes-switch', /set: ENOENT/],
    ['writes-control', /ask: ENOENT/],
    ['forges-receipt', /write: EROFS/],
    ['links-secrets', /program: EXDEV/],
    ['reads-keys', /key: ENOENT/],
    ['reaches-network', /provider: ECONNREFUSED; internet: ENETUNREACH/],
    ['reaches-sockets', /launcher: ENOENT/],
    ['reaches-gateway', /door: ENOENT/],
    ['uses-token', /another: 401/],
    ['signals-others', /first: EPERM; supervisor: ESRCH; launcher: ESRCH; other: ESRCH/],
    ['ptraces', /own: errno 1; .*handle: errno 1/],
    ['sets-clock', /clock: errno 1; day: errno 1/],
    ['makes-namespaces', /user: 1; .*keyring: errno 1/],
  ])('%s: the run fails, and says what stopped it', async (name, told) => {
    const before = precious();
    const { run } = await does(name);
    expect([run.outcome, run.cause]).toEqual(['failed', 'runtime']);
    expect(said(run)).toMatch(told);
    expect(said(run)).not.toContain('BREACH');
    // The slowest of its tries, the start of a program to try with included.
    expect(Number(/refused within ([\d.]+) ms/.exec(said(run))?.[1])).toBeLessThan(2000);
    expect(precious()).toBe(before);
    nothingLeft();
  });
});

it('an agent’s user can do no more without the sandbox: each other’s runs are closed', async () => {
  const root = '/var/lib/airlock';
  await whileBenRuns(host, ({ other, supervisor, launcher, socket }) => {
    const tries = [
      ...[other, supervisor, launcher].map((pid) => `kill -0 ${pid}`),
      ...[socket, '/run/airlock/launcher.sock'].map((one) => `socat -u /dev/null UNIX:${one}`),
      ...[`${root}/workspaces/ben/up`, `/proc/${other}/environ`].map((one) => `cat ${one}`),
      `cat /etc/airlock/keys/cheap; ln /etc/airlock/keys/cheap ${root}/inbox/ada/key.patch`,
      `ln /etc/shadow ${root}/inbox/ada/shadow.patch; ln -sfn /tmp ${root}/current`,
      `echo >${root}/var/switches/host; echo >${root}/receipts/ada/forged.json`,
    ].flatMap((one) => one.split('; '));
    // As root all of it is there to be done.
    host.machine.must(`kill -0 ${other} && [ -S ${socket} ] && [ -r /proc/${other}/environ ]`);
    const lines = tries.map((one) => `if (${one}) >/dev/null 2>&1; then echo 'BREACH ${one}'; fi`);
    expect(host.as('ada', lines.join('\n'))).toBe('');
  });
});

describe('what is stopped', () => {
  it.each([
    ['forks', 'too-many-processes'],
    ['eats-memory', 'out-of-memory'],
    ['eats-disk', 'workspace-full'],
    ['eats-handles', 'run-failed'],
    ['eats-output', 'run-failed'],
  ])(
    '%s: nothing of it is there within two seconds, and it is named %s',
    async (name, code) => {
      const { run, containedMs } = await does(name);
      expect(run).toMatchObject({ outcome: 'failed', cause: 'runtime', reason: { code } });
      expect(containedMs).toBeLessThan(2000);
      nothingLeft();
    },
    120_000,
  );

  it('floods-inbox: named inbox-full, and another agent works as beside an honest run', async () => {
    const rounds = { honest: [] as number[], flooded: [] as number[], taken: [] as number[] };
    for (let round = 0; round < 3; round++) {
      rounds.honest.push(await work(host, true));
      const { run, containedMs, besideMs } = await does('floods-inbox');
      expect(run).toMatchObject({ outcome: 'failed', reason: { code: 'inbox-full' } });
      expect(containedMs).toBeLessThan(2000);
      rounds.flooded.push(besideMs);
      nothingLeft();
      // What it left is being taken in.
      rounds.taken.push(await work(host, false));
      await emptyInbox(host);
    }
    // The best of each: the rest is what else the machine was at.
    const [honest = 0, ...others] = Object.values(rounds).map((all) => Math.min(...all));
    table.push(`${''.padEnd(18)}  the other's work, ms: ${JSON.stringify(rounds)}`);
    for (const took of others) expect(took).toBeLessThan(2 * honest + 200);
  }, 180_000);

  it('ignores-term: it is gone two seconds after an operator’s word, deaf or not', async () => {
    const { run, containedMs } = await does('ignores-term', cancel);
    expect(run).toMatchObject({ outcome: 'stopped', reason: { code: 'run-stopped' } });
    expect(containedMs).toBeLessThan(2000);
    nothingLeft();
  });

  it('ignores-term: it ends at its wall clock', async () => {
    const { run, containedMs } = await does('ignores-term');
    expect(run).toMatchObject({ outcome: 'failed', cause: 'timeout' });
    expect(containedMs).toBeLessThan(wall * 1000 + 2000);
    nothingLeft();
  });

  it.each([
    ['setsids-away', 10],
    ['double-forks', 2],
    ['leaves-process', 1],
  ])('%s: what it left behind ends with it, and is named', async (name, count) => {
    const { run, containedMs } = await does(name);
    expect(run.outcome).toBe('ok');
    expect(run.notes).toEqual([
      expect.stringMatching(RegExp(`^left ${count} process(es)? behind`)),
    ]);
    expect(containedMs).toBeLessThan(2000);
    nothingLeft();
  });
});

/** What became of the drops of a run, each with the receipt that its agent got. */
async function dropped(run: Run): Promise<Dropped[]> {
  const { machine } = host;
  await machine.until('[ -z "$(ls /var/lib/airlock/inbox/ada)" ]', 'the inbox to be looked at');
  const all = host.json<Dropped[]>('proposals', '--limit', '500');
  const own = all.filter((one) => one.run === run.id);
  const receipts = machine.must('cd /var/lib/airlock/receipts/ada; cat *.json | tr -d "\\n"');
  for (const { id, phase } of own) {
    expect(receipts).toMatch(RegExp(`"${id}"[^{}]*"phase": *"${phase}"`));
  }
  const named = own.filter((one) => one.phase === 'refused').slice(0, 20);
  for (const { id } of named) expect(run.notes.join('\n')).toContain(`(${id})`);
  return own;
}

describe('drops that do not keep still', () => {
  it.each([
    ['swaps-drop', /^good \d+\n$/, ['symlink', 'changed-while-sealing', 'empty', 'malformed']],
    ['grows-drop', /^good\n(more\n)*$/, ['changed-while-sealing']],
  ])('%s: taken as it was at one instant, or refused, by name', async (name, whole, codes) => {
    const { run } = await does(name);
    const drops = await dropped(run);
    expect(drops.length).toBeGreaterThan(3);
    const refused = drops.filter((one) => one.phase === 'refused');
    for (const one of refused) expect(codes).toContain(one.reason?.code);
    for (const { id } of drops.filter((one) => !refused.includes(one))) {
      const sealed = host.machine.must(
        `cat /var/lib/airlock/var/intake/${id}/sealed/files/app/*.md`,
      );
      expect(sealed).toMatch(whole);
    }
    table.push(`${''.padEnd(18)}  ${drops.length} drops, ${refused.length} refused`);
    const found = host.machine.sh('grep -rl sk-ant-canary-0123456789 /var/lib/airlock');
    expect(found.stdout).toBe('');
    nothingLeft();
  });
});

it('costs the other agent nothing that it would notice', () => {
  expect(beside.length).toBeGreaterThan(20);
  expect(median(beside)).toBeLessThan(2 * median(neighbours) + 200);
  const others = host.json<{ agent: string; outcome: string }[]>('runs', '--limit', '500');
  const bens = others.filter(({ agent }) => agent === 'ben').map(({ outcome }) => outcome);
  expect(new Set(bens)).toEqual(new Set(['ok']));
  expect(host.airlock('verify').exit).toBe(0);
});
