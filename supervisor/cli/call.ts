import { type Layout, layout } from '../model/layout.ts';
import { Failure, type Reason, type ReasonCode } from '../model/reason.ts';
import type { Place } from './place.ts';
import type { Paint } from './show/paint.ts';

/** What a verb is called with. */
export interface Call {
  place: Place;
  layout: Layout;
  args: readonly string[];
  options: Readonly<Record<string, string | boolean | undefined>>;
  json: boolean;
  /** Milliseconds since 1970. */
  now: () => number;
  paint: Paint;
  /** stdout is a terminal. */
  terminal: boolean;
  /** Its width; without a terminal there is no end to a line. */
  columns: number;
  /** Something for people while the verb works; goes to stderr, and nowhere with --json. */
  note: (text: string) => void;
}

/** What a verb has to say, in both forms; one of them is printed. */
export interface Result {
  exit: number;
  json: unknown;
  /** On stdout; where the exit code says that it was not done, on stderr. */
  text: () => string;
  /**
   * A report is what was asked for, whatever it says, and goes to stdout: this is why its exit
   * code is not 0, in one line on stderr.
   */
  fault?: () => string;
}

export type Verb = (call: Call) => Result | Promise<Result>;

/** Exit codes (contract, section 3). */
export const exits = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  undone: 4,
  noDaemon: 5,
  timedOut: 75,
} as const;

/** The exit code that a reason ends the command with. */
export function exitOf(reason: Reason): number {
  const codes: Partial<Record<ReasonCode, number>> = {
    usage: exits.usage,
    'not-running': exits.noDaemon,
    'no-answer': exits.timedOut,
  };
  return codes[reason.code] ?? exits.failed;
}

export const layoutOf = (place: Place): Layout => layout(place.root);

/** A text option that was given; null if not. */
export function text(call: Call, name: string): string | null {
  const value = call.options[name];
  return typeof value === 'string' ? value : null;
}

export const flag = (call: Call, name: string): boolean => call.options[name] === true;

/** An argument that the parser has made sure of. */
export function argument(call: Call, at: number): string {
  const value = call.args[at];
  if (value !== undefined) return value;
  throw usage(`argument ${at + 1} is missing`);
}

export function usage(message: string, input: string | null = null): Failure {
  return new Failure('usage', { message, step: 'command', input });
}

/** `--limit N`: at least 1, at most 100,000. */
export function limit(call: Call): number {
  const given = text(call, 'limit') ?? '20';
  const number = Number(given);
  if (Number.isInteger(number) && number >= 1 && number <= 100_000) return number;
  throw usage('--limit is a whole number from 1 to 100000', given);
}
