import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Behaviour, givenProvider, KEY, neverAnswers, says } from '../gateway/provider.ts';
import { TestHost, tinyPolicy } from './support/host.ts';

/*
 * Smoke with a model of the policy instead of the rehearsal: the same scenarios go out through the
 * gateway to a server that stands for the provider.
 */
async function givenPaid(smoke: string, ...behaviours: Behaviour[]) {
  const provider = await givenProvider(...behaviours);
  const upstream = `{provider: anthropic, url: "${provider.url}", model: some-model, keyFile: key}`;
  const policy = (source: string) =>
    tinyPolicy(source)
      .replace('within: 1m}', `model: paid, ${smoke}}`)
      .replace('models:', `models:\n  paid: [${upstream}]`);
  const key = (folder: string) => writeFileSync(join(folder, 'key'), KEY, { mode: 0o600 });
  return { provider, policy, key };
}

describe('smoke with a named model', () => {
  it('the same scenarios go to the provider, with its key', async () => {
    const { provider, policy, key } = await givenPaid('within: 1m, usd: 0.5', says('done'));
    await using host = new TestHost({ policy });
    key(host.folder);
    await host.start();
    // The candidate alone: what starts a run of the broken release makes no call.
    expect(provider.requests).toHaveLength(1);
    expect(provider.requests[0]).toMatchObject({
      path: '/v1/messages',
      headers: { 'x-api-key': KEY },
      body: { model: 'some-model' },
    });
    host.drop('ben', 'better', { 'app/prompt.md': 'Better.\n' });
    await host.reaches('better', 'canary', 'promoting', 'baking');
    expect(provider.requests).toHaveLength(2);
  });

  it('costs at most smoke.usd: what may cost more is never asked, and fails the gate', async () => {
    // One call is reckoned before it is made, at the dearest price: 100 tokens of output.
    const { provider, policy, key } = await givenPaid('within: 1m, usd: 0.001', says('done'));
    await using host = new TestHost({ policy });
    key(host.folder);
    await expect(host.start()).rejects.toMatchObject({
      reason: { code: 'gate-smoke', message: expect.stringContaining('over budget') },
    });
    expect(provider.requests).toHaveLength(0);
  });

  it('takes at most smoke.within, and a provider that hangs makes no release bad', async () => {
    const behaviours = [says('done'), neverAnswers];
    const { policy, key } = await givenPaid('within: 3s, usd: 0.5', ...behaviours);
    await using host = new TestHost({ policy });
    key(host.folder);
    await host.start();
    host.drop('ben', 'innocent', { 'app/prompt.md': 'Better.\n' });
    const refused = await host.reaches('innocent', 'refused');
    expect(refused.reason).toMatchObject({ code: 'gate-error', step: 'gate smoke' });
    expect(host.state.bad.size).toBe(0);
    expect(refused.gates.find((gate) => gate.name === 'smoke')?.ms).toBeLessThan(20_000);
  });
});
