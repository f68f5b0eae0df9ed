import type Anthropic from '@anthropic-ai/sdk';
import type { Upstream } from '../../supervisor/model/policy.ts';
import type { Given } from './given.ts';
import { givenDoor, hello } from './given.ts';
import type { Behaviour, Provider } from './provider.ts';
import { givenProvider, KEY } from './provider.ts';

export async function givenUpstreams(providers: (Provider | Upstream)[], given: Given = {}) {
  const upstreams = providers.map((one) => ('requests' in one ? one.upstream() : one));
  return givenDoor({ models: { cheap: upstreams }, readKey: () => `${KEY}\n`, ...given });
}

export async function givenAnswers(behaviours: Behaviour[], given: Given = {}) {
  const stand = await givenProvider(...behaviours);
  return { stand, ...(await givenUpstreams([stand], given)) };
}

/** The same question, streamed or not; the final message or the error. */
export function asks(client: Anthropic, stream: boolean) {
  const asked = stream
    ? client.messages.stream(hello()).finalMessage()
    : client.messages.create(hello());
  return asked.catch((error) => error);
}
