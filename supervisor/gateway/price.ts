import type { Upstream } from '../model/policy.ts';
import type { TokenUsage } from '../model/trace.ts';

/** USD per million tokens; `search` is USD for one web search. */
export interface Rates {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  cacheWriteHour: number;
  search: number;
}

/** What a model costs; with a long prompt every token of the call may cost more. */
export interface Price {
  rates: Rates;
  long: { over: number; rates: Rates } | null;
  /** False: nobody knows this model's price, so that it is counted as the dearest known. */
  known: boolean;
}

const SEARCH = 0.01;

/** Writes cost 1.25 times the input for five minutes and twice for an hour. */
function rates(input: number, output: number, read = 0.1): Rates {
  return {
    input,
    output,
    cacheRead: input * read,
    cacheWrite: input * 1.25,
    cacheWriteHour: input * 2,
    search: SEARCH,
  };
}

/**
 * Families of Claude models, from the provider's price list (platform.claude.com, about-claude,
 * pricing; read November 2026). `Upstream.price` of the policy comes first.
 */
const families: Record<string, Rates> = {
  'claude-fable-5-2': rates(8, 40, 0.025),
  'claude-mythos-5-2': rates(10, 50, 0.1),
  'claude-fable-5-1': rates(10, 50, 0.025),
  'claude-mythos-5-1': rates(10, 50, 0.025),
  'claude-fable-5': rates(10, 50),
  'claude-mythos-5': rates(10, 50),
  'claude-opus-5-5': rates(4, 20, 0.05),
  'claude-opus-5': rates(5, 25),
  'claude-opus-4-8': rates(5, 25),
  'claude-opus-4-7': rates(5, 25),
  'claude-opus-4-6': rates(5, 25),
  'claude-opus-4-5': rates(5, 25),
  'claude-opus-4-1': rates(15, 75),
  'claude-opus-4': rates(15, 75),
  'claude-sonnet-5-5': rates(2, 10, 0.1),
  'claude-sonnet-5': rates(2, 10),
  'claude-sonnet-4-6': rates(3, 15),
  'claude-sonnet-4-5': rates(3, 15),
  'claude-sonnet-4': rates(3, 15),
  'claude-3-7-sonnet': rates(3, 15),
  'claude-3-5-sonnet': rates(3, 15),
  'claude-haiku-5-5': rates(0.1, 0.5),
  'claude-haiku-4-5': rates(1, 5),
  'claude-3-5-haiku': rates(0.8, 4),
  'claude-3-opus': rates(15, 75),
  'claude-3-haiku': rates(0.25, 1.25, 0.12),
};

const longPrompts: Record<string, { over: number; rates: Rates }> = {
  'claude-haiku-5-5': { over: 100_000, rates: rates(0.5, 2.5) },
  'claude-sonnet-4-5': { over: 200_000, rates: rates(6, 22.5) },
  'claude-sonnet-4': { over: 200_000, rates: rates(6, 22.5) },
};

const dearest: Rates = rates(15, 75);

/** A dated, aliased or re-hosted id (`vendor.ID-20251001-v1:0`, `ID@20250514`) is its family's. */
const shape = /^(?:.*[./])?(claude-[a-z0-9-]+?)(?:-0)?(?:-latest|[-@]20\d{6}.*|\[.*|:.*)?$/;

/** The price of what an upstream answers; the rehearsal costs nothing. */
export function priceOf(upstream: Upstream): Price {
  if (upstream.provider === 'rehearsal') {
    return { rates: { ...rates(0, 0), search: 0 }, long: null, known: true };
  }
  const own = upstream.price;
  if (own) {
    const base = rates(own.input, own.output);
    const cacheWrite = own.cacheWrite ?? base.cacheWrite;
    const cacheRead = own.cacheRead ?? base.cacheRead;
    const cacheWriteHour = Math.max(base.cacheWriteHour, cacheWrite);
    return { rates: { ...base, cacheRead, cacheWrite, cacheWriteHour }, long: null, known: true };
  }
  const family = shape.exec(upstream.model)?.[1] ?? '';
  const found = Object.hasOwn(families, family) ? families[family] : undefined;
  return { rates: found ?? dearest, long: longPrompts[family] ?? null, known: found !== undefined };
}

/** USD of a call. `factor`: what its options multiply the price by (`surcharge`). */
export function costOf(usage: TokenUsage, price: Price, factor = 1): number {
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite + usage.cacheWriteHour;
  const at = price.long && prompt > price.long.over ? price.long.rates : price.rates;
  const tokens =
    usage.input * at.input +
    usage.output * at.output +
    usage.cacheRead * at.cacheRead +
    usage.cacheWrite * at.cacheWrite +
    usage.cacheWriteHour * at.cacheWriteHour;
  return (tokens / 1_000_000) * factor + usage.searches * at.search;
}

/**
 * Fast mode has cost up to six times the list price and a fixed region 1.1 times: never counted
 * below what the provider may bill.
 */
export function surcharge(body: Record<string, unknown>): number {
  const fast = body.speed === 'fast' ? 6 : 1;
  const region =
    typeof body.inference_geo === 'string' && body.inference_geo !== 'global' ? 1.1 : 1;
  return fast * region;
}
