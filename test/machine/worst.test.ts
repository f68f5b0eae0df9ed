import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { median } from '../../bench/measure.ts';
import { hostPolicy, type InstalledHost, installedHost } from './support/host.ts';

/*
 * Runs that do their worst, each a program of its own (test/fixtures/worst), as real runs of a real
 * agent on an installed host, while another agent does its work. Each must be contained, be named in
 * the run's outcome, and leave nothing; the other agent must not notice.
 */
const fixtures = fileURLToPath(new URL('../fixtures/worst', import.meta.url));
const inboxNames = Number(process.env.AIRLOCK_INBOX_NAMES ?? 2000);
// The machine's disk is in memory: what is kept there counts as the run's memory, too.
const limits = `
  run: {memory: 160MiB, processes: 48, cpu: 1, workspace: 16MiB, wall: 6s, flood: 4MiB, inbox: ${inboxNames}}`;

interface Run {
  id: string;
  agent: string;
  outcome: string;
  cause: string | null;
  startedAt: string;
  endedAt: string | null;
  reason: { code: string; message: string; cause: string | null } | null;
}

let host: InstalledHost;
const quiet: number[] = [];
const beside: number[] = [];
const table: string[] = [];
const took = (run: Run) => Date.parse(run.endedAt ?? '') - Date.parse(run.startedAt);

async function ended(id: string): Promise<Run> {
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    const run = host.json<Run>('show', id);
    if (run.endedAt !== null) return run;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${id} did not end`);
}

const start = (agent: string): string => {
  const said = host.json<{ run?: string; reason?: unknown }>('run', agent, 'task');
  if (said.run === undefined) throw new Error(JSON.stringify(said));
  return said.run;
};

/** A run of ada that does this, with one of ben beside it. */
async function worst(name: string): Promise<{ run: Run; offenceMs: number | null }> {
  host.machine.must(`printf ${name} >/var/lib/airlock/workspaces/ada/worst.txt`);
  const id = start('ada');
  const other = start('ben');
  const run = await ended(id);
  beside.push(took(await ended(other)));
  const { stdout } = host.airlock('trace', id);
  const offence = /offence (\d{13})/.exec(stdout)?.[1];
  const offenceMs = offence === undefined ? null : Date.parse(run.endedAt ?? '') - Number(offence);
  const named = run.reason === null ? '' : `${run.reason.code}: ${run.reason.message}`;
  table.push(`${name.padEnd(18)} ${run.outcome.padEnd(8)} ${offenceMs} ms  ${named.slice(0, 160)}`);
  return { run, offenceMs };
}

/** Nothing of a run is left: no process of its user, no group, no file where it may not write. */
function nothingLeft(): void {
  const { machine } = host;
  expect(machine.sh('pgrep -u al-ada').stdout).toBe('');
  const groups = 'find /sys/fs/cgroup -path "*/airlock-launcher.service/runs/*" -type d';
  expect(machine.must(groups)).toBe('');
  expect(machine.must('ls -A /var/lib/airlock/var/runs')).toBe('');
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
      'find workspaces/ben inbox/ben receipts -newer var/mark -not -name done.txt -not -type d',
      'sha256sum /etc/shadow',
    ].join('\n'),
  );

beforeAll(async () => {
  const files = Object.fromEntries(
    readdirSync(fixtures).map((name) => [
      name === 'turn.mjs' ? 'app/turn.mjs' : `app/worst/${name}`,
      readFileSync(join(fixtures, name), 'utf8'),
    ]),
  );
  const policy = hostPolicy().replace('limits: {', `limits: {${limits.trim()}, `);
  host = await installedHost({ runtime: files, policy });
  for (let count = 0; count < 5; count++) quiet.push(took(await ended(start('ben'))));
  host.machine.must('touch /var/lib/airlock/var/mark');
});
afterAll(async () => {
  console.log(table.join('\n'));
  const [before, during] = [median(quiet), median(beside)];
  console.log(`another agent's run: ${before} ms quiet, ${during} ms beside these (medians)`);
  await host?.[Symbol.asyncDispose]();
});

describe('what the kernel forbids at once', () => {
  it.each([
    ['writes-release', /write: EROFS/],
    ['writes-supervisor', /program: (ENOENT|EROFS)/],
    ['writes-state', /receipt: EROFS/],
    ['writes-others', /byProc: (ENOENT|EACCES)/],
    ['reads-keys', /key: ENOENT/],
    ['reaches-out', /provider: ECONNREFUSED/],
    ['touches-processes', /signalFirst: EPERM/],
  ])('%s: the run fails, and says what stopped it', async (name, told) => {
    const before = precious();
    const { run } = await worst(name);
    expect([run.outcome, run.cause]).toEqual(['failed', 'runtime']);
    const said = `${run.reason?.message} ${run.reason?.cause}`;
    expect(said).toMatch(told);
    expect(said).not.toContain('BREACH');
    expect(precious()).toBe(before);
    nothingLeft();
  });
});

describe('what the supervisor stops', () => {
  it.each([
    ['forks', 'too-many-processes'],
    ['eats-memory', 'out-of-memory'],
    ['eats-disk', 'workspace-full'],
    ['eats-handles', 'run-failed'],
    ['eats-output', 'run-failed'],
    ['floods-inbox', 'inbox-full'],
  ])('%s: the run is ended within two seconds, and named %s', async (name, code) => {
    const { run, offenceMs } = await worst(name);
    expect(run).toMatchObject({ outcome: 'failed', cause: 'runtime', reason: { code } });
    expect(offenceMs).toBeLessThan(2000);
    nothingLeft();
    host.machine.must('rm -rf /var/lib/airlock/workspaces/ada/eaten-*');
    host.machine.must('find /var/lib/airlock/inbox/ada -mindepth 1 -delete');
  });

  it('ignores-term: it ends at its wall clock, deaf or not', async () => {
    const { run } = await worst('ignores-term');
    expect(run).toMatchObject({ outcome: 'failed', cause: 'timeout' });
    nothingLeft();
  });

  it('leaves-processes: the run ends, and what it left behind with it', async () => {
    const { run } = await worst('leaves-processes');
    expect(run.endedAt).not.toBeNull();
    nothingLeft();
  });

  it('swaps-its-drop: what is sealed is what was judged, and holds nothing of the host', async () => {
    await worst('swaps-its-drop');
    const { machine } = host;
    await machine.until('[ -z "$(ls /var/lib/airlock/inbox/ada)" ]', 'the inbox to be looked at');
    const all = host.json<{ drop: string; phase: string }[]>('proposals');
    expect(all.filter((one) => one.drop !== 'swap')).toEqual([]);
    expect(machine.sh('grep -rl sk-ant-canary-0123456789 /var/lib/airlock').stdout).toBe('');
    expect(host.airlock('verify').exit).toBe(0);
    // One that was taken whole is tried like any other.
    await machine.until('! pgrep -u al-ada', 'what came of it to end');
  });
});

it('costs the other agent nothing that it would notice', () => {
  expect(beside.length).toBeGreaterThan(10);
  expect(median(beside)).toBeLessThan(3 * median(quiet) + 500);
});
