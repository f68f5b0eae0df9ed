import { Failure } from '../../model/reason.ts';
import type { TraceLine } from '../../model/trace.ts';
import { readTrace } from '../../store/traces.ts';
import { argument, type Call, exits, type Result } from '../call.ts';
import { block, line, uncut } from '../show/escape.ts';
import type { Paint } from '../show/paint.ts';
import { dollars } from '../show/words.ts';

/** What a run saw and did: model calls, answers, tools, reports, output. */
export function verb(call: Call): Result {
  const run = argument(call, 0);
  const trace = /^[A-Za-z0-9][A-Za-z0-9-]*$/.test(run) ? readTrace(call.layout.trace(run)) : null;
  if (trace === null) {
    const message = `there is no trace of ${run}`;
    throw new Failure('not-found', { message, step: 'trace', input: run });
  }
  const text = () =>
    [
      `${call.paint.bold(uncut(run))}: what the gateway and the supervisor saw; texts after | are`,
      "the agent's and the provider's own.",
      ...trace.lines.map((one) => `${one.at.slice(11, 23)} ${traceText(one, call.paint)}`),
      ...(trace.torn > 0 ? [`(${trace.torn} torn lines: the run was cut off)`] : []),
      ...(trace.cut ? ['(the trace goes on: only its beginning is shown)'] : []),
    ].join('\n');
  return { exit: exits.done, json: { schema: 1, run, ...trace }, text };
}

function traceText(one: TraceLine, paint: Paint): string {
  switch (one.what) {
    case 'call':
      return `call ${one.call}  ${line(one.model)} <- ${one.messages} messages, ${
        one.tools.length
      } tools${notes(one.notes)}${said(one.last)}`;
    case 'answer': {
      const tokens = `${one.usage.input} in, ${one.usage.output} out`;
      const calls = one.calls.map(({ tool, input }) => `\n  -> ${line(tool)}${said(input)}`);
      const head = `answer ${one.call}  ${one.ms} ms, ${tokens}, ${dollars(one.usd)}`;
      return `${head}${notes(one.notes)}${said(one.text)}${calls.join('')}`;
    }
    case 'failed':
      return paint.red(`failed ${one.call}  ${one.by} ${one.status}`) + said(one.message);
    case 'refused':
      return paint.red(`refused  ${line(one.route)}: ${line(one.code)}`) + said(one.message);
    case 'report':
      return `report ${one.type}${said(one.text)}`;
    case 'mail':
      return `mail  ${line(one.kind)} to ${line(one.to)}, ${one.bytes} bytes`;
    case 'script':
      return paint.red('script') + said(one.fault);
    case 'output':
      return `${one.stream}${said(one.text)}`;
    case 'full':
      return 'full  the rest was left out (policy limits.run.trace)';
    case 'note':
      return `note  ${line(one.text, 500)}`;
  }
}

const notes = (all: readonly string[]) => (all.length === 0 ? '' : `  (${line(all.join('; '))})`);
const said = (text: string) =>
  text === '' ? '' : `\n${block(text.trimEnd(), { bar: '      | ', lines: 30, most: 3000 })}`;
