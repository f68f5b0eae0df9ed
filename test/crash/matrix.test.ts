import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../supervisor/model/entry.ts';
import { buildDaemon, CrashHost, type Kill, killsOf, withoutRepeats } from './support/matrix.ts';

/*
 * The real daemon is killed with SIGKILL at every commit of a whole deployment: before an outcome is
 * written (its effect is done, nobody knows) and after an intent is (nobody did it). Then it is
 * started again, and everything must be as if nothing had happened.
 */
const everyOne = process.env.AIRLOCK_CRASH === 'all';

const good = `import { writeFileSync } from 'node:fs';
export async function turn({ model, workspace }) {
  await model();
  writeFileSync(workspace + '/done.txt', 'better');
}
`;
const uneven = `import { writeFileSync } from 'node:fs';
export async function turn({ model, agent, workspace }) {
  await model();
  if (agent !== 'ada' && workspace === '/workspace' && process.env.AIRLOCK_RUN) await import('./lived.mjs');
  writeFileSync(workspace + '/done.txt', 'done');
}
`;
const lived = `import { existsSync } from 'node:fs';
if (existsSync('/workspace/done.txt')) throw new Error('cannot live here');
`;

interface Story {
  name: string;
  files: Record<string, string>;
  ends: 'stable' | 'rolled-back';
}
const stories: Story[] = [
  { name: 'good', files: { 'app/turn.mjs': good }, ends: 'stable' },
  {
    name: 'uneven',
    files: { 'app/turn.mjs': uneven, 'app/lived.mjs': lived },
    ends: 'rolled-back',
  },
];

let programs = '';
let settled: CrashHost;

beforeAll(async () => {
  programs = await buildDaemon();
  settled = new CrashHost(programs);
  const first = await settled.live();
  expect(first, first.said).toMatchObject({ exit: 0 });
  // Every agent has lived here before, on a release that became stable.
  settled.drop('cleo', 'before', { 'app/turn.mjs': good.replace('better', 'before') });
  const second = await settled.live();
  expect(second, second.said).toMatchObject({ exit: 0 });
});
afterAll(() => {
  settled?.remove();
  rmSync(programs, { recursive: true, force: true });
});

/** Effects whose outcome is on record as done: none of them may be done again. */
function doneTwice(entries: Entry[]): string[] {
  const once = new Set(['seal', 'run', 'notify']);
  const done = entries.flatMap((entry) =>
    entry.type === 'outcome' && once.has(entry.step.do) && entry.outcome.of !== 'failed'
      ? [entry.key]
      : [],
  );
  return done.filter((key, at) => done.indexOf(key) !== at);
}

async function survives(story: Story, kill: Kill) {
  const host = new CrashHost(programs, settled);
  try {
    const before = host.current().id;
    host.drop('cleo', story.name, story.files);
    const cut = await host.live(kill);
    const again = await host.live();
    const where = `killed ${kill.side} ${kill.label} #${kill.nth}; then: ${again.said}`;
    expect(again.exit, where).toBe(0);
    const { proposals, entries, current } = host.read();
    const all = proposals.map((one) => [one.drop, one.phase]);
    const told = [
      [story.name, story.ends],
      ['before', 'stable'],
    ];
    expect(all, where).toEqual(told);
    const link = host.current();
    expect(link, where).toEqual({ id: current, faults: 0 });
    if (story.ends === 'stable') expect(link.id, where).toBe(proposals[0]?.release);
    else expect(link.id, where).toBe(before);
    expect(doneTwice(entries), where).toEqual([]);
    expect(host.left(), where).toEqual({ staging: [], runs: [], drops: [] });
    return cut.signal === 'SIGKILL';
  } finally {
    host.remove();
  }
}

/** How the commits go when nobody is killed. */
async function whole(story: Story): Promise<string[]> {
  const host = new CrashHost(programs, settled);
  try {
    host.drop('cleo', story.name, story.files);
    const life = await host.live();
    expect(life.exit, life.said).toBe(0);
    expect(host.read().proposals[0]?.phase).toBe(story.ends);
    return host.commits();
  } finally {
    host.remove();
  }
}

const name = (kill: Kill) => `${kill.side} ${kill.label} ${kill.nth}`;

/** Two at a time: one core each. */
async function each<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const worker = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all([worker(), worker()]);
}

describe('crash matrix', () => {
  it.each(stories)(
    'a deployment that ends $ends, killed at each of its commits',
    async (story) => {
      const commits = await whole(story);
      // The second story differs from the first only once `current` was flipped.
      const flip = commits.findIndex((one) => one.includes('outcome flip'));
      const before = new Set(
        story.ends === 'stable' ? [] : killsOf(commits.slice(0, flip)).map(name),
      );
      const seen = new Set<string>();
      let killed = 0;
      const kills = killsOf(commits).filter((kill) => !before.has(name(kill)));
      await each(everyOne ? kills : withoutRepeats(kills), async (kill) => {
        if (!(await survives(story, kill))) return;
        killed++;
        for (const what of kill.label.split(',')) seen.add(what);
      });
      // How many commits there are depends on what ends together.
      expect(killed).toBeGreaterThan(9);
      const must = ['intent flip', 'outcome flip', 'intent run', 'outcome run'];
      const early = [
        'intent seal',
        'outcome seal',
        'intent stage',
        'outcome stage',
        'intent smoke',
      ];
      const wanted = story.ends === 'stable' ? [...must, ...early, 'mark stable'] : must;
      // What goes into one commit depends on timing: a kind whose commits did not come again in
      // the same company is killed at in whatever company it is.
      for (const what of wanted.filter((one) => !seen.has(one))) {
        const side = what.startsWith('outcome') ? 'before' : 'after';
        if (await survives(story, { label: `any ${what}`, nth: 1, side })) seen.add(what);
      }
      expect([...seen]).toEqual(expect.arrayContaining(wanted));
    },
    600_000,
  );

  it('the making of the first release, killed at each of its commits', async () => {
    const fresh = new CrashHost(programs);
    await fresh.live();
    const commits = fresh.commits();
    fresh.remove();
    await each(killsOf(commits), async (kill) => {
      const host = new CrashHost(programs);
      await host.live(kill);
      const again = await host.live();
      const where = `killed ${name(kill)}; then: ${again.said}`;
      expect(again.exit, where).toBe(0);
      const { current } = host.read();
      expect(host.current(), where).toEqual({ id: current, faults: 0 });
      host.remove();
    });
  }, 600_000);
});
