import type { Mail } from '../../gateway/desk.ts';
import { deliverFile } from '../../host/inbox/mailbox.ts';
import { redacted } from '../../host/secrets.ts';
import { stamp } from '../../model/duration.ts';
import { type Reason, reason } from '../../model/reason.ts';
import { host } from '../../model/state.ts';
import { readRuntimeConfig } from '../../store/runtime-config.ts';
import type { World } from '../world.ts';

/** Put what one agent hands to another into the receiver's mail folder; a reason is a no. */
export function deliver(world: World, mail: Mail): Reason | null {
  const step = 'mail';
  if (!receivers(world).has(mail.to)) {
    const message = `there is no agent ${mail.to}`;
    return reason('not-found', { message, step, input: mail.to, expected: 'an agent of current' });
  }
  const { limits } = world.policy().policy;
  const number = world.nextNumber();
  const delivery = deliverFile({
    workspace: world.layout.workspace(mail.to),
    name: `${stamp(world.now())}-${mail.from}-${number}.json`,
    content: `${redacted(JSON.stringify({ ...mail.body, ...stamped(mail) }, null, 2))}\n`,
    most: limits.mail.waiting,
    identity: world.identities.of(mail.to),
  });
  if (delivery.kind === 'delivered') return null;
  if (delivery.kind === 'full') {
    const message = `the mail folder of ${mail.to} is full`;
    const expected = `at most ${limits.mail.waiting} waiting`;
    return reason('queue-full', { message, step, input: mail.to, expected });
  }
  const message = `the mail folder of ${mail.to} cannot be written`;
  return reason('host-failed', { message, step, input: mail.to, cause: delivery.cause });
}

/** Last, so that nothing in the body can pass for it. */
const stamped = ({ from, run, to, kind, at }: Mail) => ({ from, run, to, kind, at });

function receivers(world: World): Set<string> {
  const { current } = host(world.state());
  if (current === null) return new Set();
  const { agents } = readRuntimeConfig(world.layout, current);
  return new Set((agents ?? []).map((agent) => agent.name));
}
