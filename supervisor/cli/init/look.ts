/** What a folder looks like to somebody who has never seen it. Reads only. */
import { join } from 'node:path';
import { kindOf, listFolder, readText } from '../../host/files/files.ts';

export interface Guess {
  /** Names in the folder that a release would consist of. */
  include: string[];
  /** Those of them that are folders. */
  folders: ReadonlySet<string>;
  /** Starts a run; null: nothing hints at it. */
  entry: string[] | null;
  /** Where the entry was read from. */
  because: string | null;
  /** `config/agents.yaml` is there. */
  agents: boolean;
  /** What was found, for people. */
  found: string[];
}

/** Never part of a runtime: what is made, fetched or private. */
const leftOut = new Set([
  ...['node_modules', 'dist', 'build', 'target', 'coverage', '__pycache__', 'venv', 'env'],
  ...['releases', 'current', 'deps', 'inbox', 'receipts', 'workspaces', 'var', 'smoke'],
  'airlock.yaml',
]);

export function lookAtRuntime(folder: string): Guess {
  const names = listFolder(folder).filter((name) => !name.startsWith('.') && !leftOut.has(name));
  const include = names.filter((name) => ['file', 'folder'].includes(kindOf(join(folder, name))));
  const { entry, because } = entryOf(folder, include) ?? { entry: null, because: null };
  const agents = kindOf(join(folder, 'config/agents.yaml')) === 'file';
  const found = [
    `${include.length} files and folders: ${include.slice(0, 12).join(', ')}`,
    because === null ? 'nothing that says how a run is started' : `an entry, in ${because}`,
    agents ? 'config/agents.yaml' : 'no config/agents.yaml: the supervisor needs one',
  ];
  const folders = new Set(include.filter((name) => kindOf(join(folder, name)) === 'folder'));
  return { include, folders, entry, because, agents, found };
}

type Entry = { entry: string[]; because: string };

function entryOf(folder: string, names: readonly string[]): Entry | null {
  const has = (name: string) => names.includes(name);
  return (
    (has('package.json') ? fromPackage(readText(join(folder, 'package.json')) ?? '') : null) ??
    (has('pyproject.toml')
      ? fromPyproject(readText(join(folder, 'pyproject.toml')) ?? '')
      : null) ??
    fromNames(names)
  );
}

function fromPackage(text: string): Entry | null {
  const about = parsed(text);
  const script = about?.scripts?.start;
  if (typeof script === 'string' && /^[\w./@:= -]+$/.test(script)) {
    return { entry: script.trim().split(/ +/), because: 'package.json scripts.start' };
  }
  const bin = typeof about?.bin === 'string' ? about.bin : Object.values(about?.bin ?? {})[0];
  const file = bin ?? about?.main;
  if (typeof file !== 'string') return null;
  return { entry: ['node', file.replace(/^\.\//, '')], because: 'package.json' };
}

interface Package {
  scripts?: { start?: unknown };
  bin?: string | Record<string, string>;
  main?: string;
}

function parsed(text: string): Package | null {
  try {
    return JSON.parse(text) as Package;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** `[project.scripts]` names `module:function`. */
function fromPyproject(text: string): Entry | null {
  const section = /^\[project\.scripts\]\s*\n((?:(?!\[).*\n?)*)/m.exec(text)?.[1] ?? '';
  const module = /^\s*[\w-]+\s*=\s*["']([\w.]+):/m.exec(section)?.[1];
  if (module === undefined) return null;
  return { entry: ['python3', '-m', module], because: 'pyproject.toml [project.scripts]' };
}

const known: Record<string, string[]> = {
  'main.py': ['python3', 'main.py'],
  '__main__.py': ['python3', '.'],
  'main.mjs': ['node', 'main.mjs'],
  'main.js': ['node', 'main.js'],
  'index.js': ['node', 'index.js'],
  'run.sh': ['sh', 'run.sh'],
};

function fromNames(names: readonly string[]): Entry | null {
  const name = Object.keys(known).find((one) => names.includes(one));
  return name === undefined ? null : { entry: known[name] ?? [], because: `the name ${name}` };
}
