import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { Agent, PathSettings } from './config.ts';
import type { Path } from './environment.ts';
import { RunError } from './errors.ts';
import type { Gateway } from './gateway.ts';

/** What the kernel hands to the app at the begin of a turn. */
export interface Turn {
  path: Path;
  agent: Agent;
  /** Names of all agents, this one included. */
  team: string[];
  settings: PathSettings;
  run: string;
  /** Id of the release that this run is pinned to. */
  release: string;
  /** Folders: the agent's own files, where it drops proposals, where it reads the answers. */
  workspace: string;
  inbox: string;
  receipts: string;
  gateway: Gateway;
}

/** A tool as the model is told of it. */
export interface ToolDefinition {
  name: string;
  description: string;
  /** JSON Schema of an object. */
  input_schema: { type: 'object' } & Record<string, unknown>;
}

/** How a conversation ended. */
export type TurnEnd =
  /** `words`: what the model said last, perhaps nothing. */
  { completed: true; words: string } | { completed: false; error: unknown };

/** The one thing that a turn works on. */
export interface Assignment {
  /** One line for the history and for errors: `task hello`. */
  about: string;
  system: string;
  user: string;
  /** Starts the tools' server; the kernel is the client at the other end of this transport. */
  tools(): Promise<Transport>;
  /** Which of the agent's tools the model is offered, and in what words. */
  offer(tools: ToolDefinition[]): ToolDefinition[];
  /** Quality gate, when the model means to be done: null, or what it is told to do better. */
  review(words: string): Promise<string | null>;
  /** Puts the workspace in order, whichever way it ended. Called exactly once. */
  settle(end: TurnEnd): Promise<void>;
}

/** What an app must offer: the default export of `app/app.ts`. */
export interface App {
  /** Chooses what this turn works on; null when there is nothing to do. */
  begin(turn: Turn): Promise<Assignment | null>;
}

const STEP = 'load the app';
const FILE = 'app/app.ts';

/**
 * Loads the app when a run starts. Whatever is wrong with it, a syntax error in any of its files
 * included, is a RunError of this step.
 */
export async function loadApp(): Promise<App> {
  const expected = 'a default export {begin(turn): Promise<Assignment | null>}';
  let loaded: { default?: unknown };
  try {
    loaded = await import(new URL('../app/app.ts', import.meta.url).href);
  } catch (error) {
    throw new RunError({
      code: 'app-broken',
      step: STEP,
      message: `${FILE} does not load`,
      input: FILE,
      expected,
      cause: error,
    });
  }
  const app = loaded.default;
  if (isApp(app)) return app;
  throw new RunError({
    code: 'app-incomplete',
    step: STEP,
    message: `${FILE} does not offer what the kernel needs`,
    input: FILE,
    expected,
    actual: app === undefined ? 'no default export' : `a default export of type ${typeof app}`,
  });
}

function isApp(value: unknown): value is App {
  if (typeof value !== 'object' || value === null) return false;
  return 'begin' in value && typeof value.begin === 'function';
}
