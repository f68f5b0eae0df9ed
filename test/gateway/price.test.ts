import { describe, expect, test } from 'vitest';
import { noUsage } from '../../supervisor/gateway/answer.ts';
import { costOf, priceOf, surcharge } from '../../supervisor/gateway/price.ts';
import { openPurse } from '../../supervisor/gateway/purse.ts';

function upstream(model: string, price?: { input: number; output: number }) {
  return { provider: 'anthropic' as const, url: 'http://a', model, keyFile: 'k', price };
}

const million = 1_000_000;

describe('prices', () => {
  test.each([
    ['claude-haiku-5-5', 0.1, 0.5],
    ['claude-haiku-4-5', 1, 5],
    ['claude-haiku-4-5-20251001', 1, 5],
    ['anthropic.claude-haiku-4-5-20251001-v1:0', 1, 5],
    ['claude-opus-4-1@20250805', 15, 75],
    ['claude-opus-4-20250514', 15, 75],
    ['claude-opus-4-0', 15, 75],
    ['claude-opus-4-5', 5, 25],
    ['claude-3-5-haiku-latest', 0.8, 4],
    ['claude-sonnet-4-5', 3, 15],
  ])('%s costs %d in and %d out', (model, input, output) => {
    const price = priceOf(upstream(model));
    expect(price.known).toBe(true);
    expect(price.rates).toMatchObject({ input, output });
  });

  test.each(['claude-sonnet-9', 'claude-opus-4-9', 'gpt-9', 'constructor', ''])(
    'an unknown model (%s) counts as the dearest, never as nothing',
    (model) => {
      const price = priceOf(upstream(model));
      expect(price.known).toBe(false);
      expect(price.rates).toMatchObject({ input: 15, output: 75 });
    },
  );

  test('the policy knows better', () => {
    const price = priceOf(upstream('local', { input: 0, output: 2 }));
    expect(price.known).toBe(true);
    expect(costOf({ ...noUsage, input: million, output: million }, price)).toBe(2);
  });

  test('cache reads and writes, searches and long prompts are counted', () => {
    const price = priceOf(upstream('claude-haiku-5-5'));
    const used = { ...noUsage, input: 50_000, cacheRead: 20_000, cacheWrite: 20_000 };
    expect(costOf(used, price)).toBeCloseTo(0.005 + 0.0002 + 0.0025, 10);
    const long = { ...used, cacheWriteHour: 20_000, searches: 2 };
    expect(costOf(long, price)).toBeCloseTo(0.025 + 0.001 + 0.0125 + 0.02 + 0.02, 10);
  });

  test('fast mode and a region cost more', () => {
    expect(surcharge({})).toBe(1);
    expect(surcharge({ speed: 'fast' })).toBeGreaterThan(1);
    expect(surcharge({ inference_geo: 'us' })).toBeGreaterThan(1);
  });
});

describe('the purse', () => {
  test('what is held counts as spent until it is settled, and is settled once', () => {
    const purse = openPurse(1);
    const hold = purse.hold(0.6);
    expect(purse.spent()).toBeCloseTo(0.6);
    hold.settle(0.1);
    hold.settle(0.9);
    expect(purse.spent()).toBeCloseTo(0.1);
  });

  test('two calls at once cannot hold the same money', () => {
    const purse = openPurse(1);
    purse.hold(0.6);
    expect(() => purse.hold(0.6)).toThrow(/over budget/);
    expect(purse.spent()).toBeCloseTo(0.6);
  });

  test('exactly what is left may be held', () => {
    const purse = openPurse(0.3);
    purse.hold(0.1);
    expect(() => purse.hold(0.2)).not.toThrow();
  });
});
