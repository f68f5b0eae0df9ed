import { tmpdir } from 'node:os';
import { type Door, openDoor } from '../../gateway/door.ts';
import { lookAt } from '../../host/files/records.ts';
import { type Posted, postToSocket } from '../../host/process/unix-post.ts';
import { makePlace, removePlace, socketIn } from '../../host/sandbox/places.ts';
import { readSecret } from '../../host/secrets.ts';
import { stamp } from '../../model/duration.ts';
import type { PolicyInForce } from '../../model/policy.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { RunSpec } from '../../model/run.ts';
import { agentSchema } from '../../model/runtime.ts';
import type { GatewayTrace, TraceLine } from '../../model/trace.ts';
import { haltFor } from '../../store/switches.ts';
import { type Call, exits, type Result, usage } from '../call.ts';
import { needPolicy } from '../policy.ts';
import { block, line } from '../show/escape.ts';
import { reasonText } from '../show/reason.ts';
import { span } from '../show/time.ts';
import { dollars } from '../show/words.ts';

/** One cheap call through a gateway of its own, as a run would make it. */
export async function verb(call: Call): Promise<Result> {
  const policy = needPolicy(call);
  const names = Object.keys(policy.policy.models);
  const name = call.args[0] ?? names[0] ?? '';
  if (!names.includes(name)) throw usage(`no model ${name}: there are ${names.join(', ')}`, name);
  const place = await makePlace(tmpdir());
  const traces: TraceLine[] = [];
  try {
    const socket = socketIn(place);
    const door = await open(call, policy, name, socket, traces);
    const posted = await ask(door, socket, name).finally(() => door.close());
    return told(call, name, posted, traces, door.summary().usd);
  } finally {
    await removePlace(place);
  }
}

function open(
  call: Call,
  policy: PolicyInForce,
  name: string,
  socket: string,
  traces: TraceLine[],
): Promise<Door> {
  const { models, limits } = policy.policy;
  const strict = call.place.checkout === null;
  const owner = lookAt(call.layout.root)?.uid;
  return openDoor({
    run: runFor(name, policy, call.now()),
    socket,
    models,
    script: null,
    usdLimit: mostUsd,
    halted: () => haltFor(call.layout, {}),
    deliver: () => reason('gateway-route', { message: 'no mail here', step: 'model test' }),
    trace: (one) => traces.push(one),
    readKey: (keyFile) => readSecret({ keyFile, folder: policy.folder, strict, owner }),
    limits,
    now: call.now,
  });
}

/** The most that a test may cost, USD. */
const mostUsd = 0.05;

function runFor(model: string, policy: PolicyInForce, now: number): RunSpec {
  const agent = agentSchema.parse({ name: 'operator', model });
  const id = `${stamp(now)}-operator-standing-0`;
  const wall = policy.policy.limits.model.wall;
  const blank = { release: 'none', deployment: null, extra: true, policy: policy.digest };
  return { id, agent, path: 'standing', kind: 'service', wall, ...blank };
}

function ask(door: Door, socket: string, model: string): Promise<Posted> {
  const headers = { 'x-api-key': door.token, 'anthropic-version': '2023-06-01' };
  const content = 'Answer with the one word: ready';
  const messages = [{ role: 'user', content }];
  return postToSocket(socket, '/v1/messages', headers, { model, max_tokens: 16, messages });
}

function told(
  call: Call,
  model: string,
  { status, body }: Posted,
  traces: readonly TraceLine[],
  usd: number,
): Result {
  const found = traces.find((one): one is TraceLine & GatewayTrace & { what: 'answer' } => {
    return one.what === 'answer';
  });
  if (status !== 200 || found === undefined) return failed(call, model, status, body, traces);
  const { upstream, model: answeredBy, text, usage: tokens, ms } = found;
  const facts = { model, upstream, answeredBy, ms, usd, tokens, answer: text };
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, ...facts },
    text: () =>
      [
        `${line(model)} works: ${line(upstream)} answered as ${line(answeredBy)} in ${span(ms)}`,
        `${tokens.input} tokens in, ${tokens.output} out, ${dollars(usd)}`,
        'It said:',
        block(text, { lines: 5 }),
      ].join('\n'),
  };
}

function failed(
  call: Call,
  model: string,
  status: number,
  body: string,
  traces: readonly TraceLine[],
): Result {
  const failures = traces.flatMap((one) =>
    one.what === 'failed' || one.what === 'refused' ? [one.message] : [],
  );
  const because: Reason = reason('upstream-failed', {
    message: `the model ${model} did not answer`,
    step: 'model test',
    input: model,
    expected: 'status 200',
    actual: `status ${status}`,
    cause: failures.at(-1) ?? body.slice(0, 2000),
    hint: 'See the upstreams of this name in the policy: url, model, keyFile.',
  });
  return {
    exit: exits.failed,
    json: { schema: 1, ok: false, reason: because, upstreams: failures },
    text: () => reasonText(because, call.paint),
  };
}
