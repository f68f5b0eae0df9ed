import { releasesThatMatter } from '../../supervisor/decide/rollback.ts';
import { Loop, type Ports } from '../../supervisor/loop.ts';
import type { Entry } from '../../supervisor/model/entry.ts';
import type { Facts } from '../../supervisor/model/fact.ts';
import { type Halt, parseSwitchName } from '../../supervisor/model/halt.ts';
import { apply, type Put, type State } from '../../supervisor/model/state.ts';
import type { Outcome, Step } from '../../supervisor/model/step.ts';
import { carryOut } from './effects.ts';
import { policies } from './policies.ts';
import { shutProcesses } from './processes.ts';
import type { World } from './world.ts';

/** The supervisor's process died, here and now. */
class Crash extends Error {}

/** The daemon in the simulated world: the real loop, a process that may die at any instant. */
export class Daemon {
  readonly #world: World;
  #loop: Loop | null = null;
  /** Which life of the process it is. */
  #life = 0;
  /** Calls out of the loop until it dies in one; null: it does not. */
  #fuse: number | null = null;
  #stopping = false;
  #wake = 0;
  #turning = false;
  /** The clock was set amid a turn: its next look sees it. */
  #seenLater = false;

  constructor(world: World) {
    this.#world = world;
  }

  get up(): boolean {
    return this.#loop !== null;
  }

  get loop(): Loop | null {
    return this.#loop;
  }

  /** Start the process: what it knows is what the journal holds. */
  boot(): void {
    const { journal, oracle } = this.#world;
    this.#life += 1;
    this.#stopping = false;
    oracle.booting();
    this.#loop = new Loop(fromDisk(journal.state), this.#ports(this.#life));
    if (this.#started(this.#loop)) this.turn({ tick: true });
  }

  /** As `main.ts` does: a process that cannot say that it started does not go on. */
  #started(loop: Loop): boolean {
    const life = this.#life;
    try {
      loop.note({ mark: 'started', pid: life, version: 'simulated' });
    } catch {
      if (this.#life === life) this.die();
    }
    return this.#life === life;
  }

  turn(wake: { tick?: boolean } = {}): void {
    const loop = this.#loop;
    if (loop === null) return;
    this.#during(() => loop.turn(wake));
  }

  /** Whatever makes the loop turn; looked at once it has, unless it died in it. */
  #during(what: () => void): void {
    if (this.#turning) return what();
    const { oracle } = this.#world;
    const life = this.#life;
    this.#turning = true;
    oracle.turning();
    what();
    if (this.#seenLater) this.#loop?.turn();
    this.#seenLater = false;
    this.#turning = false;
    if (this.#life === life && this.#loop !== null) oracle.turned(this.#loop, this.#stopping);
  }

  /** Die within the next calls out of the loop. */
  arm(calls: number): void {
    this.#fuse = calls;
  }

  /** Die now: what runs dies too, and what was underway is done or not, with nobody to say so. */
  die(): void {
    if (this.#loop === null) return;
    const world = this.#world;
    this.#loop = null;
    this.#life += 1;
    this.#fuse = null;
    world.processes.clear();
    for (const one of world.halfDone) if (world.random.chance(0.3)) one.once();
    world.halfDone.clear();
    world.working.clear();
    world.oracle.crashed();
    const away = world.random.pick([100, 5_000, 60_000, 1_200_000]);
    world.agenda.in(world.random.between(1, away), () => this.boot());
  }

  /** Stop in good order: nothing new starts, what runs is ended as no evidence, then it leaves. */
  leave(): void {
    const { agenda } = this.#world;
    const life = this.#life;
    if (this.#loop === null) return;
    this.#stopping = true;
    this.#loop.stop();
    this.turn();
    const mine = (what: () => void) => () => {
      if (this.#life === life && this.#loop !== null) what();
    };
    agenda.in(
      30_000,
      mine(() => shutProcesses(this.#world)),
    );
    agenda.in(
      35_000,
      mine(() => this.die()),
    );
  }

  #ports(life: number): Ports {
    const world = this.#world;
    const alive = () => this.#life === life && this.#loop !== null;
    const here = () => this.#life === life;
    return {
      now: () => world.wall,
      monotonic: () => world.agenda.now,
      policy: () => world.policy,
      observe: (state, { tick }) => {
        this.#amid();
        return observe(world, state, tick);
      },
      commit: (entries, puts) => {
        this.#burn();
        if (world.weather.full && world.random.chance(0.7)) {
          world.oracle.disturbed();
          throw new Error('ENOSPC');
        }
        commit(world, entries, puts);
        this.#burn();
      },
      perform: (step, settle) => {
        this.#burn();
        world.oracle.performing(step);
        const settled = (outcome: Outcome) => this.#settled(here, step, outcome, settle);
        carryOut(world, step, settled, here);
        this.#burn();
      },
      ended: () => this.turn(),
      wakeAt: (at) => this.#wakeAt(at, alive),
      stuck: (error) => {
        if (error === null) return;
        if (
          error !== null &&
          !(error instanceof Crash) &&
          !(error as Error).message.startsWith('ENOSPC')
        ) {
          world.oracle.broken(error);
        }
      },
    };
  }

  #settled(here: () => boolean, step: Step, outcome: Outcome, settle: (o: Outcome) => void) {
    if (!here()) return;
    this.#world.oracle.settling(step, outcome);
    this.#during(() => settle(outcome));
  }

  /** Only the last wish counts, and it may be forgotten: the tick comes anyway. */
  #wakeAt(at: number | null, alive: () => boolean): void {
    const { agenda, weather, random } = this.#world;
    this.#wake += 1;
    const wish = this.#wake;
    if (at === null || !alive() || (!weather.calm && random.chance(0.05))) return;
    agenda.at(at - this.#world.skew, () => {
      if (alive() && this.#wake === wish) this.turn();
    });
  }

  #amid(): void {
    const { amid } = this.#world;
    if (amid === null) return;
    this.#world.amid = null;
    this.#seenLater = true;
    amid();
  }

  #burn(): void {
    if (this.#fuse === null) return;
    this.#fuse -= 1;
    if (this.#fuse > 0) return;
    this.die();
    throw new Crash('the process died');
  }
}

function commit(world: World, entries: readonly Entry[], puts: readonly Put[]): void {
  const { journal, policy, oracle } = world;
  const before = journal.state;
  for (const entry of entries) journal.entries.push({ entry, policy });
  journal.state = apply(before, puts);
  oracle.committed(entries, before, journal.state);
}

/** Rows as they come back from the disk: through their text. */
function fromDisk(state: State): State {
  const tables = Object.entries(state).map(([name, rows]) => [
    name,
    new Map([...rows].map(([id, row]) => [id, JSON.parse(JSON.stringify(row))])),
  ]);
  return Object.fromEntries(tables) as State;
}

type Seen = Omit<Facts, 'underway' | 'stopping'>;

function observe(world: World, state: State, tick: boolean): Seen {
  const { disk, weather, agenda } = world;
  const matter = new Set<string | null | undefined>([disk.current, ...releasesThatMatter(state)]);
  const agents = [...matter].flatMap((id) => {
    const folder = disk.releases.get(id ?? '');
    return folder === undefined ? [] : [[folder.id, folder.agents] as const];
  });
  const drops = [...disk.inboxes].flatMap(([agent, inbox]) => {
    if (!tick && !world.noticed.has(agent)) return [];
    if (inbox.size > 0) world.noticed.add(agent);
    else world.noticed.delete(agent);
    return [...inbox.values()].map(({ name, readyAt }) => {
      return { agent, name, readyAt: readyAt + world.skew, ready: readyAt <= agenda.now };
    });
  });
  const facts: Seen = {
    hostInstall: world.hostInstall,
    ...{ tick, drops, unlooked: false, current: disk.current, agents: new Map(agents) },
    requests: [...disk.requests.values()].flatMap((one) =>
      disk.answers.has(one.id) ? [] : [one as Facts['requests'][number]],
    ),
    requestFiles: new Set(disk.requests.keys()),
    switches: weather.unreadable
      ? { readable: false, halts: [], cause: 'EIO' }
      : { readable: true, halts: [...disk.switches].flatMap(haltOf) },
    policyFile: { policy: world.file, fault: null, kept: new Set(policies.map(digestOf)) },
    kept: tick ? kept(world) : [],
  };
  world.oracle.observed(facts);
  return facts;
}

const digestOf = ({ digest }: { digest: string }) => digest;

function kept({ disk, skew }: World): Seen['kept'] {
  return [
    ...[...disk.sealed].map(([id, { at }]) => ({ what: 'intake' as const, id, at: at + skew })),
    ...[...disk.traces].map(([id, at]) => ({ what: 'trace' as const, id, at: at + skew })),
  ];
}

function haltOf([name, reason]: [string, string]): Halt[] {
  const found = parseSwitchName(name);
  return found === null ? [] : [{ ...found, reason, by: 'root', at: '' }];
}
