import type { Instant } from './release.ts';
import type { DoorSummary } from './run.ts';

/** Tokens of one model call, by what they cost. */
export interface TokenUsage {
  input: number;
  output: number;
  cacheRead: number;
  /** Written for five minutes. */
  cacheWrite: number;
  /** Written for an hour. */
  cacheWriteHour: number;
  /** Web searches that the provider ran. */
  searches: number;
}

/** What the gateway saw; texts are an agent's or a provider's words, bounded, without secrets. */
export type GatewayTrace =
  | {
      what: 'call';
      call: number;
      /** As the request says it, and the name of the policy's models that it got. */
      asked: string;
      model: string;
      upstream: string;
      stream: boolean;
      /** USD held back before the call went out. */
      reserved: number;
      bytes: number;
      messages: number;
      tools: string[];
      last: string;
      notes: string[];
    }
  | {
      what: 'answer';
      call: number;
      upstream: string;
      /** The provider's name of the model that answered. */
      model: string;
      stop: string | null;
      text: string;
      calls: { tool: string; input: string }[];
      usage: TokenUsage;
      usd: number;
      ms: number;
      notes: string[];
    }
  | {
      what: 'failed';
      call: number;
      upstream: string;
      by: NonNullable<DoorSummary['lastFailure']>['by'];
      status: number;
      message: string;
      usd: number;
      ms: number;
    }
  | { what: 'refused'; route: string; status: number; code: string; message: string }
  | { what: 'report'; type: 'turn' | 'step' | 'progress' | 'error'; text: string }
  | { what: 'mail'; to: string; kind: string; bytes: number }
  | { what: 'script'; fault: string };

/** What a run printed, and what the supervisor did to it. */
export type ProcessTrace =
  | { what: 'output'; stream: 'stdout' | 'stderr'; text: string }
  | { what: 'note'; text: string }
  /** The last line: more was left out, for its limit. */
  | { what: 'full' };

/** One line of `var/state/traces/<run>.jsonl`. */
export type TraceLine = { at: Instant } & (GatewayTrace | ProcessTrace);
