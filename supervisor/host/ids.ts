import { randomBytes } from 'node:crypto';

let last = { at: 0, count: 0 };

/**
 * An id that sorts by time and is unique on this machine: `20261121T011850123Z-000-9f86d081`.
 * Ids that one process makes within a millisecond (or while the clock goes back) keep their order.
 */
export function sortableId(now: number): string {
  last = now > last.at ? { at: now, count: 0 } : { at: last.at, count: last.count + 1 };
  const time = new Date(last.at).toISOString().replace(/[-:.]/g, '');
  const count = last.count.toString(36).padStart(3, '0');
  return `${time}-${count}-${randomBytes(4).toString('hex')}`;
}
