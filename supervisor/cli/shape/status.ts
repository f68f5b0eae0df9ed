/** The whole picture, of facts that were read: pure. */
import { nextFiring } from '../../decide/schedule.ts';
import { mayStart, releaseFor } from '../../decide/starts.ts';
import { hostHalted, skipped, type View } from '../../decide/view.ts';
import { instant } from '../../model/duration.ts';
import type { Facts } from '../../model/fact.ts';
import type { Switches } from '../../model/halt.ts';
import type { PolicyInForce } from '../../model/policy.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { Run } from '../../model/run.ts';
import type { Agent } from '../../model/runtime.ts';
import { type AgentRecord, deployment, host, type State } from '../../model/state.ts';
import type { Head } from '../../store/chain.ts';
import type { DaemonState } from '../../store/daemon.ts';
import type { PolicyGone } from '../../store/policies.ts';
import { proposalShape } from './proposal.ts';
import { releaseState } from './release.ts';
import { runShape } from './run.ts';

/** What was read. */
export interface Picture {
  /** What starts the daemon here. */
  start: string;
  state: State;
  /** Where the chain of the journal ends. */
  journalHead: Head | null;
  /** Why there is no state to show; null when there is. */
  journalFault: Reason | null;
  /** Nothing was ever started here. */
  blank: boolean;
  daemon: DaemonState;
  /** The daemon's process was told to wait (SIGSTOP). */
  stopped: boolean;
  switches: Switches;
  /** Where the link points. */
  link: string | null;
  /** Agents of `current`; null when its configuration cannot be read. */
  agents: Agent[] | null;
  /** In force. */
  policy: PolicyInForce | null;
  /** Digest of what the policy file holds; null: it is not valid. */
  policyFile: string | null;
  policyFaults: readonly Reason[];
  /** Where a version is in force although the policy file is gone. */
  policyGone: PolicyGone | null;
  /** Why the daemon's loop cannot go on; null when it does. */
  stuck: string | null;
  now: number;
}

export interface Need {
  what: string;
  verb: string;
}

export function statusShape(picture: Picture, needs: readonly Need[]) {
  const { state, daemon, switches, now } = picture;
  const slot = deployment(state);
  const { running, pid, since, version } = daemon;
  return {
    schema: 1,
    needs,
    notes: notesOf(picture),
    daemon: { running, pid, since, version, journalHead: picture.journalHead },
    current: currentShape(picture),
    deployment:
      slot === null
        ? null
        : {
            proposal: slot.proposal,
            release: slot.candidate?.release ?? null,
            phase: slot.phase,
            since: instant(slot.since),
            reason: waitsForHalt(picture) ?? reasonOf(state, slot.proposal),
          },
    queue: [...state.proposals.values()]
      .filter((row) => row.phase === 'received' && row.endedAt === null)
      .map(proposalShape),
    halts: switches.halts,
    agents: agentsShape(picture),
    tick: tickShape(picture, now),
  };
}
export type Status = ReturnType<typeof statusShape>;

const reasonOf = (state: State, id: string | null) =>
  (id === null ? null : state.proposals.get(id)?.reason) ?? null;

/** A change that would go on, were the host not halted. */
function waitsForHalt({ state, switches }: Picture): Reason | null {
  const phase = deployment(state)?.phase;
  if ((phase !== 'gating' && phase !== 'canary') || !hostHalted(switches)) return null;
  const message = 'it waits until the host is no longer halted';
  return reason('halted', { message, step: phase });
}

function currentShape({ state, link }: Picture) {
  const { current, currentSince } = host(state);
  const id = link ?? current;
  if (id === null) return null;
  const row = state.releases.get(id);
  const shown = row === undefined ? 'retired' : releaseState(row, state);
  const since = current === id && currentSince > 0 ? instant(currentSince) : null;
  // `stable` beside `state`: while it bakes it is current and not stable yet.
  return { id, digest: row?.digest ?? null, state: shown, since, stable: row?.stableAt != null };
}

/** Agents of `current` by its configuration; those that the journal knows where it has none. */
function agentsShape(picture: Picture) {
  const { state, agents } = picture;
  const view = picture.policy === null ? null : viewOf(picture, picture.policy);
  const { current } = host(state);
  const barred = current !== null && !mayStart(state, current);
  const starts = (name: string) => (view === null ? !barred : releaseFor(view, name) !== null);
  const names = agents?.map((one) => one.name) ?? [...state.agents.keys()];
  const running = runningBy(state);
  const entries = new Map(agents?.map((one) => [one.name, one]));
  return names.map((name) => {
    const record = state.agents.get(name);
    const entry = entries.get(name);
    const halted = view === null ? null : skipped(view, entry ?? standIn(name, view));
    const release = view === null ? null : (releaseFor(view, name)?.release ?? null);
    return {
      name,
      tenant: entry?.tenant ?? null,
      release: release ?? host(state).current,
      running: (running.get(name) ?? []).map(runShape),
      next: nextOf(record),
      skipped: halted ?? (current === null || starts(name) ? null : 'known-bad'),
      lastRun: record?.lastRun ?? null,
    };
  });
}

function runningBy(state: State): Map<string, Run[]> {
  const by = new Map<string, Run[]>();
  for (const run of state.runs.values()) by.set(run.agent, [...(by.get(run.agent) ?? []), run]);
  return by;
}

export type AgentShape = ReturnType<typeof agentsShape>[number];

function nextOf(record: AgentRecord | undefined): string | null {
  const times = Object.values(record?.paths ?? {}).map((path) => path.next);
  const next = Math.min(...times);
  return Number.isFinite(next) && next < Number.MAX_SAFE_INTEGER ? instant(next) : null;
}

/** Of an agent whose entry was not read only its name is known: halts of it are seen. */
function standIn(name: string, view: View): Agent {
  const model = Object.keys(view.policy.policy.models)[0] ?? '';
  const blank = { role: '', tenant: '', mode: 'scheduled' as const, schedule: {}, tools: [] };
  return { name, model, budget: {}, ...blank };
}

/** The view of the loop, of what was read here: so that both come to the same. */
function viewOf({ state, switches, link, agents, now }: Picture, policy: PolicyInForce): View {
  const facts: Facts = {
    tick: false,
    drops: [],
    unlooked: false,
    requests: [],
    requestFiles: new Set(),
    switches,
    current: link,
    agents: new Map(link === null ? [] : [[link, agents]]),
    underway: new Set(),
    kept: [],
    hostInstall: false,
    policyFile: { policy: null, fault: null, kept: new Set<string>() },
    stopping: false,
  };
  return { state, facts, policy, now };
}

function tickShape({ state, policy, daemon }: Picture, now: number) {
  const schedule = policy?.policy.tick ?? null;
  const { lastTick } = host(state);
  const next = schedule !== null && daemon.running ? nextFiring(schedule, 'UTC', now) : null;
  const last = lastTick === null ? null : instant(lastTick);
  return { schedule, last, next: next === null ? null : instant(next) };
}

/** Who waits longer because one proposal after another failed. */
function waitNotes({ state, now }: Picture): string[] {
  return [...state.agents.values()].flatMap(({ name, failures, waitUntil }) => {
    const queued = [...state.proposals.values()].some(
      (row) => row.proposer === name && row.phase === 'received',
    );
    if (!queued || waitUntil <= now) return [];
    return [`proposals of ${name} wait until ${instant(waitUntil)}: its last ${failures} failed`];
  });
}

const unseen =
  'not seen without the journal: deployment, queue, runs, and which releases are stable or ' +
  'barred; current and the halts are as the disk says';

function notesOf(picture: Picture): string[] {
  const { policy, journalFault } = picture;
  const notes: string[] = journalFault === null ? [] : [journalFault.message, unseen];
  const names = Object.entries(policy?.policy.models ?? {})
    .filter(([, upstreams]) => upstreams.some((one) => one.provider === 'rehearsal'))
    .map(([name]) => name);
  if (names.length > 0) {
    notes.push(`rehearsal model behind ${names.join(', ')}: development only`);
  }
  return [...notes, ...waitNotes(picture)];
}
