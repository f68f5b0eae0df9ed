import { accessSync, constants } from 'node:fs';
import { errorCode, readText } from '../files/files.ts';
import { groupTrees, ownGroup } from './mounts.ts';

/** What this host could limit and count of a run; nothing is made here. */
export interface CgroupAbilities {
  /** v2: one tree; hybrid: v2 beside v1 controllers; v1; none. */
  kind: 'v2' | 'hybrid' | 'v1' | 'none';
  /** A group of ours that can be written: only then runs can get groups of their own. */
  delegated: boolean;
  /** Of memory, pids, cpu: which a group of ours could limit. */
  limits: string[];
  /** Everything of a run can be killed, or frozen, in one go. */
  kill: boolean;
}

/** Looks at /proc and the mounted trees. `named`: another group than our own. */
export function cgroupAbilities(named?: string | null, proc = '/proc'): CgroupAbilities {
  const trees = groupTrees(proc);
  const v1 = trees.filter(({ version }) => version === 1);
  const v2 = trees.find(({ version }) => version === 2);
  const kind = v2 === undefined ? (v1.length > 0 ? 'v1' : 'none') : v1.length > 0 ? 'hybrid' : 'v2';
  const path = named ?? ownGroup(proc);
  const mine = v1.filter(({ folder }) => path !== null && ours(folder, path));
  const unified = v2 !== undefined && path !== null ? `${v2.folder}${path}` : null;
  const writable = unified !== null && mayWrite(`${unified}/cgroup.procs`);
  const told = writable ? (readText(`${unified}/cgroup.controllers`) ?? '') : '';
  const controls: string[] = [
    ...told.trim().split(/\s+/),
    ...mine.flatMap((one) => one.controllers),
  ];
  return {
    kind,
    delegated: writable || mine.length > 0,
    limits: (['memory', 'pids', 'cpu'] as const).filter((one) => controls.includes(one)),
    kill: writable || controls.includes('freezer'),
  };
}

/** v1 trees need not have the group yet: root makes it. */
const ours = (folder: string, path: string) =>
  mayWrite(`${folder}${path}/cgroup.procs`) || mayWrite(`${folder}/cgroup.procs`);

function mayWrite(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EROFS', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
