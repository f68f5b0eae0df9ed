import { accessSync, constants, readFileSync } from 'node:fs';
import { errorCode, readText } from '../files/files.ts';

/** What this host could limit and count of a run; nothing is made here. */
export interface CgroupAbilities {
  /** v2: one tree; hybrid: v2 beside v1 controllers; v1; none. */
  kind: 'v2' | 'hybrid' | 'v1' | 'none';
  /** Our own v2 group, if it can be written: only then runs can get groups of their own. */
  delegated: boolean;
  /** Of memory, pids, cpu, io: which a group of ours could limit. */
  limits: string[];
  /** `cgroup.kill` and `cgroup.freeze` are there. */
  kill: boolean;
}

const wanted = ['memory', 'pids', 'cpu', 'io'];

/** Looks at /proc and /sys/fs/cgroup; `sys` and `proc` are theirs. */
export function cgroupAbilities(sys = '/sys/fs/cgroup', proc = '/proc'): CgroupAbilities {
  const mounts = readFileSync(`${proc}/self/mountinfo`, 'utf8').split('\n');
  const of = (kind: string) => mounts.filter((one) => one.includes(` - ${kind} `));
  const [v2] = of('cgroup2').map((one) => one.split(' ')[4] ?? sys);
  const v1 = of('cgroup').length > 0;
  if (v2 === undefined) {
    return { kind: v1 ? 'v1' : 'none', delegated: false, limits: [], kill: false };
  }
  const own = ownGroup(proc);
  const folder = own === null ? v2 : `${v2}${own}`;
  const controllers = (readText(`${folder}/cgroup.controllers`) ?? '').trim().split(/\s+/);
  return {
    kind: v1 ? 'hybrid' : 'v2',
    delegated: writable(`${folder}/cgroup.subtree_control`) && own !== null && own !== '/',
    limits: wanted.filter((one) => controllers.includes(one)),
    kill: readText(`${folder}/cgroup.type`) !== null && writable(`${folder}/cgroup.kill`),
  };
}

/** `0::/system.slice/airlock.service`. */
function ownGroup(proc: string): string | null {
  const text = readText(`${proc}/self/cgroup`) ?? '';
  return /^0::(.*)$/m.exec(text)?.[1] ?? null;
}

function writable(file: string): boolean {
  try {
    accessSync(file, constants.W_OK);
    return true;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EROFS', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
