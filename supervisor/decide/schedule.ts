import { Cron } from 'croner';

/** Whether a cron expression of five or six fields means anything, and in which way not. */
export function cronFault(expression: string, zone: string): string | null {
  try {
    return nextFiring(expression, zone, 0) === null ? 'it never fires' : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The first firing after `after` (milliseconds since 1970); null when there is none. */
export function nextFiring(expression: string, zone: string, after: number): number | null {
  const cron = compile(expression, zone);
  const known = cron.spans.find((span) => span.from <= after && after < span.to);
  if (known !== undefined) return known.to;
  const to = cron.cron.nextRun(new Date(after))?.getTime() ?? null;
  if (to !== null) cron.spans = [...cron.spans.slice(-15), { from: after, to }];
  return to;
}

/** When a path is next due: its firing plus a jitter, so that agents do not stampede. */
export function nextStart(schedule: Schedule, zone: string, after: number, jitter: number): number {
  const firing = nextFiring(schedule.cron, zone, after);
  if (firing === null) return Number.MAX_SAFE_INTEGER;
  const following = nextFiring(schedule.cron, zone, firing) ?? firing + 86_400_000;
  const spread = Math.min(jitter, (following - firing) / 10);
  return firing + Math.floor(spread * share(`${schedule.agent}/${schedule.path}`));
}

export interface Schedule {
  agent: string;
  path: string;
  cron: string;
}

/** Firings in (from, to], at most `cap`. */
export function firingsBetween(
  expression: string,
  zone: string,
  from: number,
  to: number,
  cap = 1000,
): number {
  let count = 0;
  let at = nextFiring(expression, zone, from);
  while (at !== null && at <= to && count < cap) {
    count++;
    at = nextFiring(expression, zone, at);
  }
  return count;
}

/**
 * Whether a new schedule fires more often than the old one (null: none) in any hour of a week.
 * Schedules bound to days of the month or months cannot be laid on one week: a change of those
 * fields counts as more.
 */
export function tighter(old: string | null, now: string): boolean {
  if (old === null) return true;
  if (old === now) return false;
  if (dates(old) !== dates(now)) return true;
  const before = hoursOfWeek(old);
  return hoursOfWeek(now).some((firings, hour) => firings > (before[hour] ?? 0));
}

const hour = 3_600_000;
/** A Monday, so that seven days from it are one week. */
const monday = Date.UTC(2024, 0, 1);

/**
 * Firings in each of the 168 hours of a week. Within an hour that matches, every minute and every
 * second of the fields fires, so fields are counted apart instead of walking 600,000 firings.
 */
export function hoursOfWeek(expression: string): number[] {
  const { second, minute, hours, weekday } = fields(expression);
  const each = firingsIn(`${second} * * * * *`, 60_000) * firingsIn(`0 ${minute} * * * *`, hour);
  const week = new Array<number>(168).fill(0);
  const { cron } = compile(`0 0 ${hours} * * ${weekday}`, 'UTC');
  let at = cron.nextRun(new Date(monday - 1))?.getTime() ?? null;
  while (at !== null && at < monday + 168 * hour) {
    week[(at - monday) / hour] = each;
    at = cron.nextRun(new Date(at))?.getTime() ?? null;
  }
  return week;
}

const firingsIn = (expression: string, span: number) =>
  firingsBetween(expression, 'UTC', monday - 1, monday - 1 + span);

function fields(expression: string) {
  const all = expression.trim().split(/ +/);
  const [second, minute, hours, day, month, weekday] = all.length === 6 ? all : ['0', ...all];
  return { second, minute, hours, day, month, weekday };
}

function dates(expression: string): string {
  const { day, month } = fields(expression);
  return `${day} ${month}`;
}

/** A number in [0, 1) that belongs to a name: FNV-1a. */
function share(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  }
  return hash / 2 ** 32;
}

/** `spans`: between two instants there is no firing but the later one; the last few asked for. */
interface Compiled {
  cron: Cron;
  spans: { from: number; to: number }[];
}

const compiled = new Map<string, Compiled>();
function compile(expression: string, zone: string): Compiled {
  const key = `${zone} ${expression}`;
  let known = compiled.get(key);
  if (known === undefined) {
    known = { cron: new Cron(expression, { timezone: zone, paused: true }), spans: [] };
    compiled.set(key, known);
  }
  return known;
}
