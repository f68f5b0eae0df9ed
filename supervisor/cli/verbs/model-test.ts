import { tmpdir } from 'node:os';
import { type Door, openDoor } from '../../gateway/door.ts';
import { lookAt } from '../../host/files/records.ts';
import { type Posted, postToSocket } from '../../host/process/unix-post.ts';
import { makePlace, removePlace, socketIn } from '../../host/sandbox/places.ts';
import { hideKeys, readSecret } from '../../host/secrets.ts';
import { stamp } from '../../model/duration.ts';
import type { PolicyInForce } from '../../model/policy.ts';
import { type Reason, reason } from '../../model/reason.ts';
import type { RunSpec } from '../../model/run.ts';
import { agentSchema } from '../../model/runtime.ts';
import type { GatewayTrace, TraceLine } from '../../model/trace.ts';
import { haltFor } from '../../store/switches.ts';
import { type Call, exits, type Result, usage } from '../call.ts';
import { credentialsOf } from '../place.ts';
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
    const words = wordsOf(hideKeys(policy, credentialsOf(call.place)));
    return told(call, name, { ...posted, traces, words, usd: door.summary().usd });
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
  const credentials = credentialsOf(call.place);
  return openDoor({
    run: runFor(name, policy, call.now()),
    socket,
    models,
    script: null,
    usdLimit: mostUsd,
    halted: () => haltFor(call.layout, {}),
    deliver: () => reason('gateway-route', { message: 'no mail here', step: 'model test' }),
    trace: (one) => traces.push(one),
    readKey: (keyFile) =>
      readSecret({ keyFile, folder: policy.folder, credentials, strict, owner }),
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

interface Said extends Posted {
  traces: readonly TraceLine[];
  usd: number;
  words: (text: string) => string;
}

/** A provider's words as they may be shown: what cannot be taken out of them is not shown. */
function wordsOf(unknown: readonly string[]): (text: string) => string {
  if (unknown.length === 0) return (text) => text;
  return () => `(left out: it may repeat a key that cannot be read here, ${unknown.join(', ')})`;
}

function told(call: Call, model: string, said: Said): Result {
  const found = said.traces.find((one): one is TraceLine & GatewayTrace & { what: 'answer' } => {
    return one.what === 'answer';
  });
  if (said.status !== 200 || found === undefined) return failed(call, model, said);
  const { words, usd } = said;
  const { upstream, usage: tokens, ms } = found;
  const [answeredBy, answer] = [words(found.model), words(found.text)];
  const facts = { model, upstream, answeredBy, ms, usd, tokens, answer };
  return {
    exit: exits.done,
    json: { schema: 1, ok: true, ...facts },
    text: () =>
      [
        `${line(model)} works: ${line(upstream)} answered as ${line(answeredBy)} in ${span(ms)}`,
        `${tokens.input} tokens in, ${tokens.output} out, ${dollars(usd)}`,
        'It said:',
        block(answer, { lines: 5 }),
      ].join('\n'),
  };
}

function failed(call: Call, model: string, { status, body, traces, words }: Said): Result {
  const failures = traces.flatMap((one) => {
    if (one.what !== 'failed' && one.what !== 'refused') return [];
    const ours = one.what === 'failed' ? one.by === 'host' : one.code !== 'upstream-failed';
    return [ours ? one.message : words(one.message)];
  });
  const because: Reason = reason('upstream-failed', {
    message: `the model ${model} did not answer`,
    step: 'model test',
    input: model,
    expected: 'status 200',
    actual: `status ${status}`,
    cause: failures.at(-1) ?? words(body.slice(0, 2000)),
    hint: 'See the upstreams of this name in the policy: url, model, keyFile.',
  });
  return {
    exit: exits.failed,
    json: { schema: 1, ok: false, reason: because, upstreams: failures },
    text: () => reasonText(because, call.paint),
  };
}
