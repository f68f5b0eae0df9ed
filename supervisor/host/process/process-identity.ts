import { readFileSync } from 'node:fs';
import { codeOrEio } from '../files/records.ts';

/** What tells a process from any other that ever had its pid. */
export interface ProcessIdentity {
  pid: number;
  /** Start of the process, in clock ticks since boot (field 22 of /proc/<pid>/stat). */
  start: string;
  /** Which boot those ticks count from. */
  boot: string;
}

/** Identity of a process that is alive; null when there is none (a zombie is none). */
export function identify(pid: number): ProcessIdentity | null {
  const fields = statOf(pid);
  if (fields === null || fields[0] === 'Z' || fields[0] === 'X') return null;
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { pid, start: fields[19] ?? '', boot };
}

/** Of this machine, while this process lives. */
let boot: string | null = null;

/** It is there, and was told to wait: SIGSTOP, a debugger, a terminal's Ctrl-Z. */
export const isStopped = (pid: number): boolean => /^[Tt]$/.test(statOf(pid)?.[0] ?? '');

/** Fields of /proc/<pid>/stat from the third on, the state; null when there is no such process. */
function statOf(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold anything: count from its end.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(codeOrEio(error))) return null;
    throw error;
  }
}
