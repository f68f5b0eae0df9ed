import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../model/reason.ts';
import { errorCode, kindOf, readText } from '../files/files.ts';
import { killIn, removeGroup } from './kill.ts';
import { type Controller, controllers, groupTrees, ownGroup, type Tree } from './mounts.ts';

/** A folder in which runs get groups of their own, and what it can do. */
export interface Plot {
  folder: string;
  version: 1 | 2;
  controls: Controller[];
}

/** Everything that a run's groups are made in: one plot a tree. Empty: no groups here. */
export interface GroupGround {
  plots: Plot[];
}

/**
 * Ready the ground for runs' groups: below the group that is named (`AIRLOCK_CGROUP`, for tests and
 * checkouts), else below this process's own if it `owns` it (a launcher with Delegate=yes). What an
 * earlier launcher left there is killed and removed first. null: there is no such group.
 */
export async function readyGroups(
  named: string | undefined,
  owns: boolean,
): Promise<GroupGround | null> {
  const path = named || (owns ? ownGroup() : null);
  if (path === null || process.getuid?.() !== 0) return null;
  const plots: Plot[] = [];
  for (const tree of groupTrees()) {
    const plot = readyPlot(tree, `${tree.folder}${path}`, !named);
    if (plot !== null) plots.push(plot);
  }
  await sweep(plots);
  return plots.length === 0 ? null : { plots };
}

/** null where the tree cannot be written (mounted read-only, or gone). */
function readyPlot(tree: Tree, base: string, own: boolean): Plot | null {
  const folder = `${base}/runs`;
  try {
    mkdirSync(folder, { recursive: true });
    if (tree.version === 1) return { folder, version: 1, controls: tree.controllers };
    const there = (readText(`${base}/cgroup.controllers`) ?? '').trim().split(/\s+/);
    const controls = controllers.filter((one) => there.includes(one));
    if (controls.length > 0 && own) moveAside(base);
    for (const group of [base, folder]) enable(group, controls);
    return { folder, version: 2, controls };
  } catch (error) {
    if (['EROFS', 'EACCES', 'EPERM', 'ENOENT'].includes(errorCode(error) ?? '')) return null;
    throw error;
  }
}

/** v2: a group with processes of its own cannot hand its controllers on to others. */
function moveAside(base: string): void {
  const aside = `${base}/launcher`;
  mkdirSync(aside, { recursive: true });
  for (const pid of (readText(`${base}/cgroup.procs`) ?? '').split('\n').filter(Boolean)) {
    writeFileSync(`${aside}/cgroup.procs`, pid);
  }
}

function enable(group: string, controls: Controller[]): void {
  if (controls.length === 0) return;
  writeFileSync(`${group}/cgroup.subtree_control`, controls.map((one) => `+${one}`).join(' '));
}

/** How long what an earlier launcher left may take to go, milliseconds. */
const sweeping = 5000;

async function sweep(plots: Plot[]): Promise<void> {
  const until = performance.now() + sweeping;
  for (const { folder } of plots) {
    for (const name of groupsIn(folder)) {
      const group = `${folder}/${name}`;
      for (killIn([group]); !removeGroup(group); killIn([group])) {
        if (performance.now() > until) throw stubborn(group);
        await wait(5);
      }
    }
  }
}

function groupsIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => kindOf(`${folder}/${name}`) === 'folder');
}

function stubborn(group: string): Failure {
  const message = 'what an earlier launcher left cannot be ended';
  const expected = `an empty group within ${sweeping} ms`;
  const actual = (readText(`${group}/cgroup.procs`) ?? '').trim().split('\n').join(' ');
  return new Failure('host-failed', { message, step: 'cgroups', input: group, expected, actual });
}
