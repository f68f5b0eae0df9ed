import { deployment, host } from '../../supervisor/model/state.ts';
import { Daemon } from './daemon.ts';
import { drop } from './drops.ts';
import { checkEnd, quiet } from './invariants/end.ts';
import { checkFold } from './invariants/fold.ts';
import { ask, halt, move, send } from './operators.ts';
import type { Violation } from './oracle.ts';
import { policies, tickEvery } from './policies.ts';
import { World, type Written } from './world.ts';

export interface Told {
  seed: number;
  /** How often each thing happened. */
  seen: ReadonlyMap<string, number>;
  entries: readonly Written[];
  violation: Violation | null;
}

/** What happens to a host while it lives, and how often. */
const events: Record<string, { weight: number; happens: (world: World, daemon: Daemon) => void }> =
  {
    drop: { weight: 26, happens: drop },
    ask: { weight: 22, happens: ask },
    halt: { weight: 4, happens: halt },
    nothing: { weight: 12, happens: () => undefined },
    crash: { weight: 4, happens: (_, daemon) => daemon.die() },
    'crash soon': {
      weight: 12,
      happens: (world, daemon) => daemon.arm(world.random.between(1, 25)),
    },
    leave: { weight: 1, happens: (_, daemon) => daemon.leave() },
    outage: { weight: 3, happens: (world) => spell(world, 'outage') },
    full: { weight: 3, happens: (world) => spell(world, 'full') },
    unsafe: { weight: 2, happens: unsafe },
    unreadable: { weight: 1, happens: (world) => spell(world, 'unreadable') },
    'move by hand': { weight: 1, happens: moveByHand },
    clock: { weight: 3, happens: clock },
    'damaged release': { weight: 2, happens: damage },
    'other policy': { weight: 1, happens: otherPolicy },
  };
const weights = Object.fromEntries(
  Object.entries(events).map(([name, { weight }]) => [name, weight]),
);

/** One history: a host from its first start, through trouble, into calm, until it is quiet. */
export function history(seed: number): Told {
  const world = new World(seed);
  const daemon = new Daemon(world);
  const told = (): Told => {
    const { violation, seen } = world.oracle;
    return { seed, seen, entries: world.journal.entries, violation };
  };
  beat(world, daemon);
  clients(world);
  daemon.boot();
  const trouble = world.random.between(16, 34);
  for (let count = 0; count < trouble; count++) {
    pass(world, world.agenda.now + gap(world));
    if (world.oracle.violation !== null) return told();
    trouble1(world, daemon);
  }
  calmDown(world, daemon);
  settleDown(world, daemon);
  if (world.oracle.violation === null) checkEnd(world, daemon);
  if (world.oracle.violation === null && seed % 4 === 0) checkFold(world);
  return told();
}

function trouble1(world: World, daemon: Daemon): void {
  const name = world.random.weighted(weights as Record<string, number>);
  events[name]?.happens(world, daemon);
  // What happened may wake the daemon once, twice, or not at all.
  const wakes = world.random.weighted({ once: 80, never: 12, twice: 8 });
  if (wakes === 'never') return;
  daemon.turn();
  if (wakes === 'twice') daemon.turn();
}

const gap = (world: World): number =>
  world.random.chance(0.3) ? world.random.between(0, 2_000) : world.random.between(0, 150_000);

/** Let time go by. */
function pass(world: World, until: number): void {
  let there = false;
  world.agenda.at(until, () => {
    there = true;
  });
  while (!there && world.oracle.violation === null) world.agenda.step();
}

/** The cron beat: it alone must be enough. */
function beat(world: World, daemon: Daemon): void {
  const { agenda } = world;
  agenda.at((Math.floor(agenda.now / tickEvery) + 1) * tickEvery, () => {
    daemon.turn({ tick: true });
    beat(world, daemon);
  });
}

/** Who asked reads the answer and takes both files away. */
function clients(world: World): void {
  const { agenda, disk } = world;
  agenda.in(90_000, () => {
    for (const id of disk.answers.keys()) {
      disk.requests.delete(id);
      disk.answers.delete(id);
    }
    clients(world);
  });
}

/** Found at the next start, at the next promotion, or never: it may be mended before. */
function unsafe(world: World): void {
  if (world.hostInstall) spell(world, 'unsafe');
}

function spell(world: World, what: 'outage' | 'full' | 'unreadable' | 'unsafe'): void {
  const { weather, random, agenda, oracle } = world;
  if (weather[what]) return;
  weather[what] = true;
  oracle.disturbed();
  oracle.count(`weather ${what}`);
  agenda.in(random.between(1_000, 240_000), () => {
    weather[what] = false;
  });
}

function moveByHand(world: World): void {
  const { random, disk } = world;
  if (disk.current === null) return;
  move(world, random.chance(0.3) ? null : random.pick([...disk.releases.keys()]));
}

/**
 * The clock is set, back or forward, or the machine slept; now and then while nobody looked, now
 * and then amid a turn of the loop.
 */
function clock(world: World, daemon: Daemon): void {
  const by = world.random.pick([-3_600_000, -3_600_000, 3_600_000, -90_000, 28_800_000]);
  const step = () => {
    world.skew += by;
    world.oracle.count(by < 0 ? 'clock back' : 'clock forward');
    world.oracle.records.clockSet(daemon.up);
  };
  if (world.random.chance(0.4)) world.amid = step;
  else step();
}

/** A file of a release is lost. Mostly of one that is not in use: nothing checks `current`. */
function damage(world: World): void {
  const { disk, random, oracle } = world;
  const others = [...disk.releases.values()].filter((one) => one.id !== disk.current);
  const one = random.maybe(others);
  if (one === undefined) return;
  one.damaged = true;
  oracle.count('release damaged');
  oracle.evidence.spoil();
}

function otherPolicy(world: World): void {
  world.file = world.random.pick(policies);
  if (world.random.chance(0.5)) world.suite = `suite-${world.number()}`;
  world.oracle.disturbed();
}

/** Nothing goes wrong any more; an operator mends what only an operator can. */
function calmDown(world: World, daemon: Daemon): void {
  const { weather, disk, agenda } = world;
  Object.assign(weather, {
    outage: false,
    full: false,
    unreadable: false,
    unsafe: false,
    idle: 0,
    calm: true,
  });
  disk.switches.clear();
  daemon.arm(Number.POSITIVE_INFINITY);
  const lift = () => {
    disk.switches.clear();
    const { state } = world.journal;
    const digest = state.releases.get(host(state).current ?? '')?.digest ?? '';
    const asked = [...disk.requests.values()].some(({ request }) => request?.verb === 'unbar');
    if (state.bad.has(digest) && !asked) send(world, { verb: 'unbar', digest, reason: 'go on' });
    agenda.in(120_000, lift);
  };
  lift();
}

/** Simulated time in which a calm world must have become quiet. */
const patience = 12 * 3_600_000;

function settleDown(world: World, daemon: Daemon): void {
  const { agenda, oracle } = world;
  const until = agenda.now + patience;
  while (oracle.violation === null && !quiet(world, daemon)) {
    agenda.step();
    if (agenda.now <= until) continue;
    const { state } = world.journal;
    const slot = deployment(state);
    const why = `slot ${slot?.proposal} ${slot?.phase}, pending ${[...state.pending.keys()]}`;
    return oracle.fail('liveness', `still not quiet after ${patience / 3_600_000} h: ${why}`);
  }
}
