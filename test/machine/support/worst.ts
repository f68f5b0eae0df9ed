/** Runs that do their worst (test/fixtures/worst) on an installed host, another agent's beside each. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { orNull } from '../../../supervisor/host/files/files.ts';
import { hostPolicy, type InstalledHost, installedHost } from './host.ts';

const fixtures = fileURLToPath(new URL('../../fixtures/worst', import.meta.url));
/** Names that one tries to put into its inbox; a quarter of them is the limit. */
const inboxNames = Number(process.env.AIRLOCK_INBOX_NAMES ?? 8000);
/** Seconds; what a run waits to be let go is in it. */
export const wall = 10;
// The machine's disk is in memory: what is kept there counts as the run's memory, too.
const limits = `run: {memory: 160MiB, processes: 48, cpu: 1, workspace: 16MiB, wall: ${wall}s,
  flood: 4MiB, inbox: ${inboxNames / 4}}, queuedPerAgent: 1000, `;
const workspaces = '/var/lib/airlock/workspaces';

export interface Run {
  id: string;
  outcome: string;
  cause: string | null;
  startedAt: string;
  endedAt: string | null;
  reason: { code: string; message: string; cause: string | null } | null;
  notes: string[];
}

/** What came of one drop. */
export interface Dropped {
  id: string;
  drop: string;
  phase: string;
  reason: { code: string } | null;
  run: string | null;
}

/** What came of one that did its worst. */
export interface Seen {
  run: Run;
  /** From its first offence until its groups were empty, as seen from outside. */
  containedMs: number;
  /** How long the other agent's work took beside it. */
  besideMs: number;
}

export async function hostOfTheWorst(): Promise<InstalledHost> {
  const files = Object.fromEntries(
    readdirSync(fixtures).map((name) => [
      name === 'turn.mjs' ? 'app/turn.mjs' : `app/worst/${name}`,
      readFileSync(join(fixtures, name), 'utf8'),
    ]),
  );
  const policy = hostPolicy().replace('limits: {', `limits: {${limits}`);
  return installedHost({ runtime: files, policy });
}

/** Start runs of these agents, each doing what is named; they wait to be let go. Their ids. */
async function started(host: InstalledHost, tasks: Record<string, string>): Promise<string[]> {
  const agents = Object.keys(tasks);
  const lines = agents.flatMap((agent) => [
    `(cd ${workspaces}/${agent}; rm -rf up go eaten-*; printf '{"name":"${tasks[agent]}"}' >order.json)`,
    `airlock run ${agent} task --json >/tmp/${agent}.json &`,
  ]);
  const said = agents.map((agent) => `cat /tmp/${agent}.json`);
  const text = host.machine.must([...lines, 'wait', ...said].join('\n'));
  const ups = agents.map((agent) => `[ -e ${workspaces}/${agent}/up ]`);
  await host.machine.until(ups.join(' && '), `runs to be up: ${text}`);
  return [...text.matchAll(/"run":\s*"([^"]+)"/g)].map(([, id]) => id as string);
}

/** Let them go, all at once, with what they may know. */
function letGo(host: InstalledHost, agents: string[], known: object): void {
  const text = JSON.stringify(known);
  const written = agents.map((agent) => `printf %s '${text}' >${workspaces}/${agent}/.go`);
  const moved = agents.map((agent) => `mv ${workspaces}/${agent}/.go ${workspaces}/${agent}/go`);
  host.machine.must([...written, ...moved].join('\n'));
}

/** What there is to know of a run of ben that is under way, and of the host. */
export interface Known {
  token: string;
  /** On the host. */
  socket: string;
  other: number;
  supervisor: number;
  launcher: number;
}

function known({ machine }: InstalledHost): Known {
  const text = machine.must(`
    cat ${workspaces}/ben/up; echo
    for pid in $(pgrep -u al-ben); do
      case $(readlink /proc/$pid/exe) in */node) other=$pid;; esac
    done
    sed -n 's|^[^ ]* [^ ]* [^ ]* \\([^ ]*\\) /run/gateway .*|\\1|p' /proc/$other/mountinfo
    echo $other
    for unit in airlock airlock-launcher; do systemctl show -p MainPID --value $unit; done`);
  const [token = '', socket = '', ...pids] = text.trim().split('\n');
  const [other = 0, supervisor = 0, launcher = 0] = pids.map(Number);
  return { token, socket, other, supervisor, launcher };
}

/** Until the groups of a run are gone; looks at the kernel's own, and gives when. */
async function emptyAt({ machine }: InstalledHost, id: string): Promise<number> {
  const runs = 'system.slice/airlock-launcher.service/runs';
  const folders = machine.groups.map((group) => join(group, runs));
  const there = () =>
    folders.some((one) => orNull(() => readdirSync(one))?.some((name) => name.startsWith(id)));
  for (const end = Date.now() + 60_000; there(); await wait(3)) {
    if (Date.now() > end) throw new Error(`${id} is still there`);
  }
  return Date.now();
}

/** What the journal holds of a run once it has ended. */
async function ended(host: InstalledHost, id: string): Promise<Run> {
  for (const end = Date.now() + 60_000; Date.now() < end; await wait(50)) {
    const run = host.json<Run>('show', id);
    if (run.endedAt !== null) return run;
  }
  throw new Error(`${id} did not end`);
}

const workOf = async (host: InstalledHost, id: string): Promise<number> => {
  await emptyAt(host, id);
  return Number(host.machine.must(`cat ${workspaces}/ben/worked.txt`));
};

/** How long ben's work takes, alone or beside the work of ada. */
export async function work(host: InstalledHost, beside: boolean): Promise<number> {
  const agents = beside ? ['ben', 'ada'] : ['ben'];
  const tasks = Object.fromEntries(agents.map((agent) => [agent, 'works']));
  const ids = await started(host, tasks);
  letGo(host, agents, {});
  const took = await workOf(host, ids[0] as string);
  await emptyAt(host, ids.at(-1) as string);
  return took;
}

/** Something that is done while a run of ben is under way. */
export async function whileBenRuns(
  host: InstalledHost,
  act: (known: Known) => void,
): Promise<void> {
  const [id = ''] = await started(host, { ben: 'works' });
  act(known(host));
  letGo(host, ['ben'], {});
  await emptyAt(host, id);
}

/** A run of ada that does its worst, while ben works. `meanwhile` is what an operator does. */
export async function worst(
  host: InstalledHost,
  name: string,
  meanwhile?: (id: string, known: Known) => void,
): Promise<Seen> {
  const [other = '', id = ''] = await started(host, { ben: 'works', ada: name });
  const facts = known(host);
  letGo(host, ['ada', 'ben'], { ...facts, names: inboxNames });
  const asked = Date.now();
  meanwhile?.(id, facts);
  const empty = await emptyAt(host, id);
  const besideMs = await workOf(host, other);
  const run = await ended(host, id);
  const trace = host.machine.must(`cd ${workspaces}; rm -rf */order.json */up */go ada/eaten-*
    cat /var/lib/airlock/var/state/traces/${id}.jsonl`);
  const told = [...trace.matchAll(/offence (\d{13})/g)].at(-1)?.[1];
  const offence = meanwhile === undefined ? Number(told) : asked;
  return { run, containedMs: empty - offence, besideMs };
}

/** What was dropped is taken away, or was taken in meanwhile. */
export async function emptyInbox({ machine }: InstalledHost): Promise<void> {
  const inbox = '/var/lib/airlock/inbox/ada';
  await machine.until(`find ${inbox} -mindepth 1 -delete 2>/dev/null; [ -z "$(ls -A ${inbox})" ]`);
}
