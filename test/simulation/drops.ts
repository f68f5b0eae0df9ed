import { type Content, randomChange } from './content.ts';
import type { World } from './world.ts';

/** Names that agents use again and again, so that they meet within a second. */
const names = ['fix', 'tune', 'wörk'];

/** An agent takes back, by removing it, what nobody has claimed yet. */
function takeBack(world: World): boolean {
  const { disk, random } = world;
  const inbox = random.maybe([...disk.inboxes.values()]);
  const name = random.maybe([...(inbox?.keys() ?? [])]);
  return name !== undefined && inbox?.delete(name) === true;
}

/** An agent drops something: now and then several at once, or one before it is whole. */
export function drop(world: World): void {
  const { random, crew } = world;
  if (random.chance(0.1) && takeBack(world)) return world.oracle.count('drop taken back');
  const agent = random.chance(0.06) ? 'operator' : random.pick(crew).name;
  const many = random.chance(0.1) ? random.between(2, 5) : 1;
  for (let count = 0; count < many; count++) put(world, agent, content(world, agent));
  world.oracle.count('drop');
}

function put(world: World, agent: string, what: Content): void {
  const { disk, random, agenda } = world;
  const ending =
    what.is === 'withdraw' ? '.withdraw' : random.pick(['.patch', '.diff', '', '.tar.gz']);
  const name = `${random.pick(names)}${ending}`;
  const inbox = disk.inboxes.get(agent) ?? new Map();
  disk.inboxes.set(agent, inbox);
  // A rename over a drop that still lies there replaces it, as on a real disk.
  const readyAt = agenda.now + (random.chance(0.3) ? 500 : 0);
  inbox.set(name, { uid: world.number(), agent, name, content: what, readyAt });
  if (!random.chance(0.15)) world.noticed.add(agent);
}

function content(world: World, agent: string): Content {
  const { random, disk, journal, crew, changes } = world;
  const kind = random.weighted({ add: 80, revert: 7, withdraw: 8, malformed: 5 });
  const base = random.chance(0.2) ? (random.maybe([...disk.releases.keys()]) ?? null) : null;
  if (kind === 'malformed') return { is: 'malformed' };
  if (kind === 'withdraw') {
    const own = [...journal.state.proposals.values()].filter((one) => one.proposer === agent);
    const target = random.maybe(own)?.id ?? 'nobody-knows-it';
    return { is: 'withdraw', target: random.chance(0.9) ? target : 'nobody-knows-it' };
  }
  const current = disk.current === null ? undefined : disk.releases.get(disk.current);
  const there = random.maybe(current?.changes ?? []);
  if (kind === 'revert' && there !== undefined) return { is: 'revert', change: there.id, base };
  // The same change again, by the same or another agent: it may be known, bad, or no change.
  const known = random.maybe([...changes.values()]);
  if (known !== undefined && random.chance(0.15)) return { is: 'add', change: known, base };
  const change = randomChange(random, `c${world.number()}`, agent, crew);
  changes.set(change.id, change);
  return { is: 'add', change, base: random.chance(0.02) ? 'no-such-release' : base };
}
