import { readFileSync } from 'node:fs';

/** Controllers that a run can be limited by, and what v1 freezes with. */
export const controllers = ['memory', 'pids', 'cpu', 'freezer'] as const;
export type Controller = (typeof controllers)[number];

/** One mounted tree of groups. */
export interface Tree {
  version: 1 | 2;
  /** Where it is mounted. */
  folder: string;
  /** v1: whose tree it is; v2 tells that by its groups. */
  controllers: Controller[];
}

/** Every tree of groups that is mounted; `proc` is /proc. */
export function groupTrees(proc = '/proc'): Tree[] {
  const trees: Tree[] = [];
  for (const line of readFileSync(`${proc}/self/mountinfo`, 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const folder = before.split(' ')[4] ?? '';
    const [kind, , options = ''] = after.split(' ');
    if (kind === 'cgroup2') trees.push({ version: 2, folder, controllers: [] });
    if (kind !== 'cgroup') continue;
    const named = options.split(',');
    const found = controllers.filter((one) => named.includes(one));
    if (found.length > 0) trees.push({ version: 1, folder, controllers: found });
  }
  return trees;
}

/** The group that the service manager gave this process, as a path; null: none of its own. */
export function ownGroup(proc = '/proc'): string | null {
  const text = readFileSync(`${proc}/self/cgroup`, 'utf8');
  const path = /^0::(.*)$/m.exec(text)?.[1] ?? /^\d+:name=systemd:(.*)$/m.exec(text)?.[1] ?? '/';
  return path === '/' || path.startsWith('/..') ? null : path;
}
