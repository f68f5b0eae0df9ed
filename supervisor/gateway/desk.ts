import type { Halt } from '../model/halt.ts';
import type { Policy, Upstream } from '../model/policy.ts';
import type { Reason } from '../model/reason.ts';
import { innermost } from '../model/reason.ts';
import type { Instant } from '../model/release.ts';
import type { DoorSummary, RunSpec } from '../model/run.ts';
import type { ScriptTurn } from '../model/scenario.ts';
import type { GatewayTrace, TraceLine } from '../model/trace.ts';
import type { BodyLimits, Holding } from './body.ts';
import type { Hold, Purse } from './purse.ts';
import { openPurse } from './purse.ts';
import type { Redactor } from './redact.ts';
import { cleanAll, redactor } from './redact.ts';
import { haltRefusal, Refusal } from './refusal.ts';
import type { Script } from './rehearsal.ts';
import { openScript } from './rehearsal.ts';
import type { Tally } from './tally.ts';
import { openTally } from './tally.ts';
import { newToken } from './token.ts';

/** What one agent hands to another; the supervisor stamps all but `to`, `kind` and `body`. */
export interface Mail {
  from: string;
  run: string;
  to: string;
  kind: 'message' | 'task' | 'thread';
  at: Instant;
  /** The other fields of the request, the sender's words. */
  body: Record<string, unknown>;
}

export interface DoorOptions {
  /** Who is calling: identity comes from the socket and the token, never from a request. */
  run: RunSpec;
  /** Path of the unix socket to listen on; its folder must be private to the run. */
  socket: string;
  /** `policy.models`: the names that the agent may use. */
  models: Record<string, Upstream[]>;
  /** Not null: every model call is answered from this script. */
  script: ScriptTurn[] | null;
  /** USD that this door may spend; null for no bound. */
  usdLimit: number | null;
  /** Bounds that several doors share, each asked too (`openPurse`). */
  shared?: Purse[];
  /** Reads the switches afresh. If it throws, everything is halted. */
  halted: () => Halt | null;
  /** Puts mail before its receiver; a reason is a no. */
  deliver: (mail: Mail) => Reason | null;
  /** Writes one line. If it throws, no further call goes out. */
  trace: (line: TraceLine) => void;
  /** The content of an upstream's key file. */
  readKey: (file: string) => string;
  limits: Policy['limits'];
  /** Milliseconds since 1970. */
  now: () => number;
}

/** All that the routes of one door share. */
export interface Desk {
  readonly options: DoorOptions;
  readonly token: string;
  readonly tally: Tally;
  readonly script: Script | null;
  readonly redact: Redactor;
  /** Bodies of model calls under way. */
  readonly holding: Holding;
  /** Aborted when the door closes. */
  readonly closing: AbortSignal;
  /** How a body of at most `most` bytes is read. */
  bodyLimits(most: number): BodyLimits;
  nextCall(): number;
  /** Counts one; false when the run has had its number of them. */
  countReport(most: number): boolean;
  countMail(most: number): boolean;
  trace(line: GatewayTrace): void;
  /** Holds money back in every purse; throws a Refusal. */
  hold(usd: number): Hold;
  /** Throws a Refusal when nothing new may begin: halted, or no line can be traced. */
  admit(step: string): void;
  summary(): DoorSummary;
}

/** Large requests that a run may have under way at once. */
const LARGE_AT_ONCE = 4;

export function openDesk(options: DoorOptions, closing: AbortSignal): Desk {
  const token = newToken();
  const tally = openTally();
  const redact = redactor();
  const forget = redact.hide(token);
  closing.addEventListener('abort', forget, { once: true });
  const holding = { held: 0, most: options.limits.model.request * LARGE_AT_ONCE };
  const own = openPurse(options.usdLimit);
  const purses = [own, ...(options.shared ?? [])];
  const counts = { call: 0, report: 0, mail: 0 };
  const count = (what: keyof typeof counts): number => {
    counts[what] += 1;
    return counts[what];
  };
  let deaf: string | null = null;

  const trace = (line: GatewayTrace): void => {
    const at = new Date(options.now()).toISOString();
    try {
      options.trace({ at, ...cleanAll(line, redact) });
    } catch (error) {
      deaf = innermost(error);
    }
  };
  const onFault = (fault: string): void => {
    tally.scriptFault(fault);
    trace({ what: 'script', fault });
  };
  return {
    ...{ options, token, tally, redact, closing, trace },
    script: options.script && openScript(options.script, onFault),
    holding,
    bodyLimits: (most) => ({ most, within: options.limits.model.wall, holding, closing }),
    nextCall: () => count('call'),
    countReport: (most) => count('report') <= most,
    countMail: (most) => count('mail') <= most,
    hold: (usd) => holdAll(purses, usd),
    admit: (step) => {
      const halt = readHalt(options);
      if (halt) throw haltRefusal(halt, step);
      if (deaf !== null) throw untraced(deaf, step);
    },
    summary: () => cleanAll(tally.read(own.spent()), redact),
  };
}

function holdAll(purses: Purse[], usd: number): Hold {
  const holds: Hold[] = [];
  try {
    for (const purse of purses) holds.push(purse.hold(usd));
  } catch (error) {
    for (const hold of holds) hold.settle(0);
    throw error;
  }
  return {
    usd,
    settle: (spent) => {
      for (const hold of holds) hold.settle(spent);
    },
  };
}

/** What cannot be read counts as on (architecture, section 5). */
function readHalt(options: DoorOptions): Halt | null {
  try {
    return options.halted();
  } catch (error) {
    const reason = `the switches cannot be read: ${innermost(error)}`;
    const at = new Date(options.now()).toISOString();
    return { scope: 'host', target: null, reason, by: 'airlock', at };
  }
}

function untraced(cause: string, step: string): Refusal {
  return new Refusal('host-failed', {
    type: 'api_error',
    by: 'host',
    message: 'the trace of this run cannot be written: nothing more is done for it',
    step,
    cause,
    headers: { 'x-should-retry': 'false' },
  });
}
