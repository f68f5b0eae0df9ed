import type { Entry } from '../../supervisor/model/entry.ts';
import type { PolicyInForce } from '../../supervisor/model/policy.ts';
import type { Agent } from '../../supervisor/model/runtime.ts';
import { host, nothing, type State } from '../../supervisor/model/state.ts';
import { Agenda } from './agenda.ts';
import { type Change, randomChange } from './content.ts';
import { type Disk, emptyDisk } from './disk.ts';
import { Oracle } from './oracle.ts';
import { crews, policies } from './policies.ts';
import type { Process } from './processes.ts';
import { Random } from './random.ts';

/** What is wrong with the world at the moment. */
export interface Weather {
  /** The model provider does not answer. */
  outage: boolean;
  /** The disk is full. */
  full: boolean;
  /** The switch folder cannot be read. */
  unreadable: boolean;
  /** Somebody else could change what runs start from. */
  unsafe: boolean;
  /** How often a run finds nothing to do. */
  idle: number;
  /** Nothing goes wrong any more. */
  calm: boolean;
}

export interface Written {
  entry: Entry;
  policy: PolicyInForce;
}

/** The journal: what was committed, and the rows that follow. */
export interface Journal {
  entries: Written[];
  state: State;
}

/** One simulated host with everything around it. */
export class World {
  readonly seed: number;
  readonly random: Random;
  readonly agenda: Agenda;
  readonly disk: Disk = emptyDisk();
  readonly journal: Journal = { entries: [], state: nothing };
  readonly crew: readonly Agent[];
  /** Changes that the source folder of the first release already has. */
  readonly source: readonly Change[];
  readonly weather: Weather;
  /** Every third host is installed; the others run from a checkout. */
  readonly hostInstall: boolean;
  readonly processes = new Map<string, Process>();
  /** Steps that were begun in this life of the daemon and may be caught by a crash halfway. */
  readonly halfDone = new Set<{ once: () => void }>();
  /** Cancels work for a deployment, by the key of its step. */
  readonly working = new Map<string, () => void>();
  readonly oracle: Oracle;
  /** Every change that was ever written, by id. */
  readonly changes = new Map<string, Change>();
  /** Inboxes in which the daemon knows that something happened. */
  readonly noticed = new Set<string>();
  /** What the policy file holds. */
  file: PolicyInForce;
  /** Digest of the supervisor's scenarios: an operator may write others. */
  suite = 'suite-0';
  numbers = 0;
  /** The wall clock against the time that passes (`agenda.now`), milliseconds. */
  skew = 0;
  /** What happens while the loop looks at the world, once. */
  amid: (() => void) | null = null;

  constructor(seed: number) {
    this.seed = seed;
    this.random = new Random(seed);
    const { random } = this;
    this.agenda = new Agenda(Date.UTC(2026, 0, 5, 9) + random.between(0, 3 * 3_600_000));
    this.crew = random.pick(crews);
    this.file = random.pick(policies);
    const idle = random.pick([0, 0, 0.1, 0.3]);
    const well = { outage: false, full: false, unreadable: false, unsafe: false };
    this.weather = { ...well, idle, calm: false };
    this.hostInstall = seed % 3 === 0;
    const born = randomChange(random, 'source', 'maker', this.crew);
    this.source = random.chance(0.02) ? [born] : [];
    for (const change of this.source) this.changes.set(change.id, change);
    this.oracle = new Oracle(this);
  }

  /** The policy in force: what is on record, kept by its digest. */
  get policy(): PolicyInForce {
    const { policy } = host(this.journal.state);
    return policies.find((one) => one.digest === policy) ?? this.file;
  }

  /** What the host's clock says. */
  get wall(): number {
    return this.agenda.now + this.skew;
  }

  number(): number {
    this.numbers += 1;
    return this.numbers;
  }

  isBrokenLock(digest: string): boolean {
    return this.changes.get(digest.replace(/^lock-/, ''))?.deps === 'broken';
  }
}
