import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/*
 * Who may import whom (architecture, section 4), and why. The table is the rule: a line of it is
 * changed here and in the architecture together, or not at all.
 */
const repository = fileURLToPath(new URL('../..', import.meta.url));

interface Room {
  /** Rooms of `supervisor/` that it may import. */
  rooms: string[];
  /** Packages that it may import; Node's own are judged by `node`. */
  packages: string[];
  /** Node's own modules that it may import; `all` where effects live. */
  node: string[] | 'all';
  /** What the rule protects. */
  because: string;
}

/** Reckoning, no effects: these touch neither disk, nor process, nor clock. */
const pure = [
  'node:path',
  'node:path/posix',
  'node:crypto',
  'node:buffer',
  'node:util',
  'node:url',
];

const rooms: Record<string, Room> = {
  model: {
    rooms: [],
    packages: ['zod'],
    node: [],
    because: 'everybody shares these words; a word that needs a file is not a word',
  },
  decide: {
    rooms: ['model'],
    packages: ['croner', 'picomatch'],
    node: [],
    because: 'a judgment that looks at the world cannot be tested by a table or replayed',
  },
  host: {
    rooms: ['model'],
    packages: [
      'better-sqlite3',
      'chokidar',
      'croner',
      'execa',
      'node-cron',
      'pino',
      'simple-git',
      'tar',
    ],
    node: 'all',
    because: 'one room touches the machine, so that one room has to be right about it',
  },
  store: {
    rooms: ['model', 'host'],
    packages: ['yaml', 'zod'],
    node: pure,
    because: 'the record is below those who judge and act, so that both can trust it',
  },
  observe: {
    rooms: ['model', 'host', 'store'],
    packages: ['zod'],
    node: pure,
    because: 'eyes change nothing and judge nothing',
  },
  gateway: {
    rooms: ['model', 'decide', 'host', 'store'],
    packages: ['zod'],
    node: [
      ...pure,
      'node:http',
      'node:https',
      'node:net',
      'node:stream',
      'node:stream/promises',
      'node:events',
      'node:timers/promises',
      'node:string_decoder',
      'node:zlib',
    ],
    because: 'the one door of a run knows protocols, not deployments',
  },
  audit: {
    rooms: ['model', 'host', 'store'],
    packages: [],
    node: pure,
    because: 'whoever looks for what could be changed changes nothing and decides nothing',
  },
  act: {
    rooms: ['model', 'host', 'store', 'gateway', 'audit'],
    packages: ['zod'],
    node: [...pure, 'node:os', 'node:timers/promises'],
    because: 'hands that could decide would decide where no table sees it',
  },
  doctor: {
    rooms: ['model', 'observe', 'store', 'host', 'decide', 'audit'],
    packages: ['zod'],
    node: pure,
    because: 'a doctor that can act hides what it found',
  },
  install: {
    rooms: ['model', 'store', 'host'],
    packages: ['zod'],
    node: pure,
    because: 'what puts Airlock on a host, and keeps it, must not need what it puts there',
  },
  cli: {
    rooms: ['model', 'decide', 'doctor', 'store', 'host', 'install'],
    packages: ['commander', 'yaml', 'zod'],
    node: [...pure, 'node:readline', 'node:tty', 'node:os', 'node:process'],
    because: 'a command asks and shows; the daemon does',
  },
  'loop.ts': {
    rooms: ['decide', 'observe', 'act', 'store', 'model', 'host'],
    packages: [],
    node: [],
    because: 'the one place where seeing, judging and doing meet',
  },
  'live.ts': {
    rooms: ['decide', 'observe', 'act', 'store', 'model', 'host', 'loop.ts'],
    packages: [],
    node: pure,
    because: 'the loop bound to the real world, so that a simulation can bind it to another',
  },
  'journal-news.ts': {
    rooms: ['live.ts', 'store', 'model'],
    packages: [],
    node: [],
    because: 'what is found of the journal is on record, in the log and in doctor alike',
  },
  'main.ts': {
    rooms: ['loop.ts', 'live.ts', 'journal-news.ts', 'gateway', 'store', 'host', 'model'],
    packages: [],
    node: pure,
    because: 'wiring and signals; nothing here that a test of a room would miss',
  },
};

/** Imports beyond the table that the architecture names, by file. */
const named: Record<string, string[]> = {
  // `start` runs the daemon in this very process.
  'cli/verbs/start.ts': ['main.ts'],
  // `verify` and `diff` read releases again by the code that made them; nothing there writes one.
  'cli/read-releases.ts': ['act/stage/history.ts', 'act/stage/verify.ts'],
  // `model test` makes one call through a door of its own, as a run would.
  'cli/verbs/model-test.ts': ['gateway/door.ts'],
};

/** Break glass alone may act: rolling back where no daemon answers. */
const breakGlass = /^cli\/(verbs\/)?(rollback|break-glass)[a-z/-]*\.ts$/;

interface Import {
  file: string;
  target: string;
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => join(folder, name));
}

const statement =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

function importsOf(path: string): Import[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(statement)].map((found) => ({
    file: relative(join(repository, 'supervisor'), path),
    target: found[1] ?? found[2] ?? found[3] ?? '',
  }));
}

const roomOf = (path: string): string => path.split('/')[0] ?? '';
const packageOf = (target: string): string =>
  target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/');

/** Why an import is against the table; null when it is not. */
function fault({ file, target }: Import): string | null {
  const own = roomOf(file);
  const room = rooms[own];
  if (room === undefined) return `${file}: the room ${own} is not in the table`;
  const says = (what: string) => `${file} imports ${what}: ${own} may not, because ${room.because}`;
  if (target.startsWith('node:')) {
    return room.node === 'all' || room.node.includes(target) ? null : says(target);
  }
  if (!target.startsWith('.')) {
    return room.packages.includes(packageOf(target)) ? null : says(target);
  }
  const path = relative(
    join(repository, 'supervisor'),
    resolve(join(repository, 'supervisor'), dirname(file), target),
  );
  if (path === '../package.json') return own === 'host' ? null : says(path);
  if (path.startsWith('..')) return says(`${path}, outside of the supervisor`);
  const other = roomOf(path);
  if (other === own || room.rooms.includes(other)) return null;
  if (named[file]?.includes(path)) return null;
  return other === 'act' && breakGlass.test(file) ? null : says(path);
}

describe('rooms', () => {
  const all = files(join(repository, 'supervisor')).flatMap(importsOf);

  it('finds the imports there are', () => {
    expect(all.length).toBeGreaterThan(200);
    expect(new Set(all.map((one) => roomOf(one.file))).size).toBeGreaterThan(8);
  });

  it('keeps to the table of imports', () => {
    expect(all.map(fault).filter((one) => one !== null)).toEqual([]);
  });

  it.each([
    ['decide/next.ts', 'node:fs'],
    ['decide/next.ts', '../store/journal.ts'],
    ['act/table.ts', '../decide/next.ts'],
    ['store/journal.ts', '../act/table.ts'],
    ['host/files/files.ts', '../../store/journal.ts'],
    ['model/state.ts', 'pino'],
    ['loop.ts', './cli/airlock.ts'],
    ['act/run/run.ts', '../../../kernel/main.ts'],
    ['cli/verbs/status.ts', '../../act/table.ts'],
  ])('would name %s importing %s', (file, target) => {
    expect(fault({ file, target })).toContain('because');
  });

  it('has no circle between rooms', () => {
    const edges = new Map<string, Set<string>>();
    for (const { file, target } of all) {
      if (!target.startsWith('.')) continue;
      const from = roomOf(file);
      const to = roomOf(join(dirname(file), target));
      if (from !== to) edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
    const reach = (from: string, seen = new Set<string>()): Set<string> => {
      for (const to of edges.get(from) ?? []) if (!seen.has(to)) reach(to, seen.add(to));
      return seen;
    };
    expect([...edges.keys()].filter((room) => reach(room).has(room))).toEqual([]);
  });

  it('app imports kernel, never the other way, and the supervisor neither', () => {
    const from = (folder: string) =>
      files(join(repository, folder)).flatMap((path) =>
        importsOf(path)
          .filter((one) => one.target.startsWith('.'))
          .map((one) => relative(repository, resolve(dirname(path), one.target))),
      );
    const outside = (folder: string, allowed: string[]) =>
      from(folder).filter((path) => !allowed.includes(roomOf(path)));
    expect(outside('kernel', ['kernel'])).toEqual([]);
    expect(outside('app', ['app', 'kernel'])).toEqual([]);
  });
});
