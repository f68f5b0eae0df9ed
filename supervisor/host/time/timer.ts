import { Cron } from 'croner';
import { createTask, validateDetailed } from 'node-cron';
import { clock } from './clock.ts';

/** Something that wakes and can be stopped. */
export interface Timer {
  stop(): void;
}

export interface CronTimer extends Timer {
  /** When it wakes next, milliseconds since 1970; null when never. */
  next(): number | null;
}

/**
 * Wake at each firing of a cron expression of five or six fields. A firing that was missed while
 * the process was busy wakes late, rather than not at all.
 */
export function cron(expression: string, timezone: string, wake: () => void): CronTimer {
  const task = createTask(expression, wake, { timezone, suppressMissedWarning: true });
  task.on('execution:missed', wake);
  task.start();
  return {
    stop: () => void task.destroy(),
    next: () => task.getNextRun()?.getTime() ?? null,
  };
}

/** Longest wait that setTimeout knows: 24.8 days. */
const longest = 2 ** 31 - 1;

/** Wake once at an instant (milliseconds since 1970), at once if it is past. */
export function at(instant: number, now: () => number, wake: () => void): Timer {
  let timeout: NodeJS.Timeout;
  const set = () => {
    const wait = instant - now();
    if (wait <= longest) timeout = setTimeout(wake, Math.max(0, wait));
    else timeout = setTimeout(set, longest);
  };
  set();
  return { stop: () => clearTimeout(timeout) };
}

/** A difference between wall and monotonic clock that is no drift, milliseconds. */
const step = 1000;

/**
 * Tell within `every` milliseconds that the wall clock was set or the machine slept: timers went
 * on as before, so that whoever waits for an instant has to reckon anew.
 */
export function onClockStep(told: () => void, every = 2000): Timer {
  const gap = () => clock.now() - clock.monotonic();
  let known = gap();
  const timer = setInterval(() => {
    const now = gap();
    if (Math.abs(now - known) > step) told();
    known = now;
  }, every).unref();
  return { stop: () => clearInterval(timer) };
}

/**
 * What is wrong with a cron expression, one line a field; empty when nothing is. It must mean
 * something to the timer here and to the arithmetic of `decide/schedule` alike.
 */
export function cronFaults(expression: string): string[] {
  const { errors } = validateDetailed(expression);
  if (errors.length > 0)
    return errors.map(({ field, value }) => `its ${wordsOf(field)} cannot be ${value}`);
  try {
    const never = new Cron(expression, { paused: true }).nextRun(new Date(0)) === null;
    return never ? ['it never fires'] : [];
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return [error.message];
    throw error;
  }
}

/** `dayOfMonth` as people write it. */
const wordsOf = (field: string) => field.replace(/[A-Z]/g, (one) => ` ${one.toLowerCase()}`);

/** What is wrong with the name of a time zone; null when nothing is. */
export function zoneFault(name: string): string | null {
  // Every machine has it, and asking loads the tables of all zones.
  if (name === 'UTC') return null;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return null;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
