import { nextFiring } from './schedule.ts';

/** What shows whether a loop lives. Times are milliseconds since 1970. */
export interface Pulse {
  /** The last turn failed, and said why: it tries again, and killing it would not help. */
  stuck: boolean;
  /** The tick's cron expression. */
  tick: string;
  lastTick: number | null;
  /** When this daemon started. */
  since: number;
  /** When the oldest request that has no answer was left; null: there is none. */
  oldestRequest: number | null;
}

/** After a tick was due, its record may take this long. */
const tickGrace = 60_000;
/** Requests are answered within milliseconds; a few wait for what they asked for. */
const answerGrace = 5 * 60_000;

/** How late the tick is, milliseconds; null while it is in time. */
export function lateTick(
  { tick, lastTick, since }: Pick<Pulse, 'tick' | 'lastTick' | 'since'>,
  now: number,
): number | null {
  const due = nextFiring(tick, 'UTC', Math.max(lastTick ?? 0, since));
  return due !== null && now > due + tickGrace ? now - due : null;
}

/**
 * Why a loop that may well turn is dead all the same: it beats no tick, or answers nobody. null
 * while it lives. The service manager hears of a live loop only.
 */
export function whyDead(pulse: Pulse, now: number): string | null {
  if (pulse.stuck) return null;
  const late = lateTick(pulse, now);
  if (late !== null) return `no tick was recorded for ${Math.round(late / 1000)} s`;
  const { oldestRequest } = pulse;
  if (oldestRequest === null || now - oldestRequest <= answerGrace) return null;
  return `a request has had no answer for ${Math.round((now - oldestRequest) / 1000)} s`;
}
