import type { Mark } from '../model/mark.ts';
import type { Agent, RunPath } from '../model/runtime.ts';
import type { PathSchedule } from '../model/state.ts';
import { firingsBetween, nextStart } from './schedule.ts';
import { releaseFor, runStep } from './starts.ts';
import {
  agentsNow,
  busy,
  type Decision,
  haltOf,
  none,
  skipped,
  start,
  unaudited,
  type View,
} from './view.ts';

/** Schedules of `current`: kept up to date, and what is due is started. */
export function schedules(view: View): Decision {
  const marks = [...changed(view), ...gone(view), ...left(view)];
  if (marks.length > 0) return { marks, steps: [] };
  return view.facts.stopping || unaudited(view) ? none : startDue(view);
}

const key = (cron: string, zone: string) => `${zone} ${cron}`;

function changed(view: View): Mark[] {
  const zone = view.policy.policy.timezone;
  return entries(agentsNow(view)).flatMap(({ agent, path, cron }) => {
    const known = view.state.agents.get(agent.name)?.paths[path];
    if (known !== undefined && key(known.cron, known.zone) === key(cron, zone)) return [];
    const next = following(view, agent.name, path, cron);
    return [{ mark: 'scheduled' as const, agent: agent.name, path, cron, zone, next }];
  });
}

function gone(view: View): Mark[] {
  const agents = agentsNow(view);
  if (agents.length === 0) return [];
  const wanted = new Set(entries(agents).map(({ agent, path }) => `${agent.name} ${path}`));
  return [...view.state.agents.values()].flatMap(({ name, paths }) =>
    (Object.keys(paths) as RunPath[])
      .filter((path) => !wanted.has(`${name} ${path}`))
      .map((path) => ({ mark: 'unscheduled' as const, agent: name, path })),
  );
}

/** Starts that cannot be because of a halt or a missing model are left out, and counted. */
function left(view: View): Mark[] {
  return due(view)
    .filter(({ agent }) => skipped(view, agent) !== null)
    .map(({ agent, path, own }) => ({
      mark: 'missed' as const,
      agent: agent.name,
      path,
      next: following(view, agent.name, path, own.cron),
      missed: Math.max(1, firingsBetween(own.cron, own.zone, own.next, view.now) + 1),
    }));
}

function startDue(view: View): Decision {
  const room = view.policy.policy.limits.run.concurrent - view.state.runs.size;
  if (room <= 0) return none;
  const taken = new Set<string>();
  const steps = due(view)
    .filter(({ agent }) => !busy(view, agent.name) && haltOf(view, agent) === null)
    .toSorted((a, b) => a.own.next - b.own.next)
    .flatMap(({ agent, path }) => {
      const from = taken.has(agent.name) ? null : releaseFor(view, agent.name);
      if (from === null || from.entry === null) return [];
      taken.add(agent.name);
      return [runStep(view, { ...from, agent: from.entry, path, extra: false })];
    });
  return start(view, ...steps.slice(0, room));
}

function due(view: View): { agent: Agent; path: RunPath; own: PathSchedule }[] {
  return entries(agentsNow(view)).flatMap(({ agent, path }) => {
    const own = view.state.agents.get(agent.name)?.paths[path];
    return own === undefined || own.next > view.now ? [] : [{ agent, path, own }];
  });
}

interface Scheduled {
  agent: Agent;
  path: RunPath;
  cron: string;
}

/** Laid out once for each configuration: it is asked for at every look. */
const laidOut = new WeakMap<readonly Agent[], Scheduled[]>();
function entries(agents: readonly Agent[]): Scheduled[] {
  const known = laidOut.get(agents);
  if (known !== undefined) return known;
  const list = agents.flatMap((agent) =>
    Object.entries(agent.schedule).flatMap(([path, cron]) =>
      cron === undefined ? [] : [{ agent, path: path as RunPath, cron }],
    ),
  );
  laidOut.set(agents, list);
  return list;
}

function following(view: View, agent: string, path: string, cron: string): number {
  const { timezone, limits } = view.policy.policy;
  return nextStart({ agent, path, cron }, timezone, view.now, limits.jitter);
}
