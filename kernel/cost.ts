import type { ModelSettings } from './config.ts';

/** Tokens of one answer or of several. */
export interface Usage {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
}

/** The usage numbers as the Messages API gives them. */
export interface ReportedUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens?: number | null;
  cache_creation_input_tokens?: number | null;
}

export const noUsage: Usage = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

export function usageOf(reported: ReportedUsage): Usage {
  return {
    input: reported.input_tokens,
    output: reported.output_tokens,
    cacheRead: reported.cache_read_input_tokens ?? 0,
    cacheWrite: reported.cache_creation_input_tokens ?? 0,
  };
}

export function add(a: Usage, b: Usage): Usage {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  };
}

/** USD. The gateway's own figure is the one that counts; this one lets a run stop in time. */
export function usdOf(usage: Usage, price: ModelSettings['usdPerMillionTokens']): number {
  const kinds = ['input', 'output', 'cacheRead', 'cacheWrite'] as const;
  return kinds.reduce((sum, kind) => sum + (usage[kind] * price[kind]) / 1_000_000, 0);
}
