import { describe, expect, it } from 'vitest';
import { type Pulse, whyDead } from '../../supervisor/decide/alive.ts';

const now = Date.UTC(2026, 0, 5, 12, 0, 0);
const minute = 60_000;
const pulse = (change: Partial<Pulse> = {}): Pulse => ({
  ...{ stuck: false, tick: '*/15 * * * *', lastTick: now - minute, since: now - 600 * minute },
  oldestRequest: null,
  ...change,
});

describe('a loop that turns', () => {
  it.each<[string, Partial<Pulse>, string | null]>([
    ['lives while it beats', {}, null],
    ['lives before its first tick is due', { lastTick: null, since: now - 5 * minute }, null],
    ['may record a tick a little late', { lastTick: now - 15 * minute }, null],
    ['is dead without a tick', { lastTick: now - 32 * minute }, 'no tick'],
    ['is dead where the first tick never came', { lastTick: null, since: now - 32 * minute }, 'no'],
    ['is not judged by a tick of another daemon', { lastTick: 0, since: now - minute }, null],
    ['lives while it says why it cannot go on', { stuck: true, lastTick: 0 }, null],
    ['may think about a request', { oldestRequest: now - 4 * minute }, null],
    ['is dead when it answers nobody', { oldestRequest: now - 6 * minute }, 'no answer'],
    ['lives with a tick that never fires', { tick: '0 0 31 2 *', lastTick: 0 }, null],
  ])('%s', (_, change, why) => {
    const said = whyDead(pulse(change), now);
    if (why === null) expect(said).toBeNull();
    else expect(said).toContain(why);
  });
});
