import { stderr, stdout } from 'node:process';
import { CommanderError } from 'commander';
import { redacted } from '../host/secrets.ts';
import { version } from '../host/version.ts';
import { type Reason, reason } from '../model/reason.ts';
import { type Call, exitOf, exits, layoutOf, type Result } from './call.ts';
import { reasonFor } from './closed.ts';
import { type Place, placeOf } from './place.ts';
import { type Parsed, parse } from './program.ts';
import { json as safeJson } from './show/escape.ts';
import { type Paint, paint, wantsColour } from './show/paint.ts';
import { reasonText } from './show/reason.ts';

/** The command: parse, call, print. */
async function main(argv: readonly string[]): Promise<number> {
  const wantsJson = argv.includes('--json');
  let call: Call | null = null;
  const colours = paint(!wantsJson && wantsColour(stdout.isTTY === true, process.env));
  try {
    const parsed = parse(argv, { version, print: (text) => write(text) });
    if (parsed === null) return exits.done;
    const { verb } = await parsed.load();
    call = callOf(parsed, colours);
    return print(await verb(call), wantsJson);
  } catch (error) {
    return fail(error, wantsJson, call?.place ?? null);
  }
}

function callOf(parsed: Parsed, colours: Paint): Call {
  const { options, args } = parsed;
  const named = (name: string) => (options[name] === undefined ? undefined : `${options[name]}`);
  const place = placeOf({
    root: named('root'),
    policy: named('policy'),
    instance: named('instance'),
    environment: process.env,
    cwd: process.cwd(),
    program: import.meta.dirname,
  });
  const json = options.json === true;
  return {
    place,
    layout: layoutOf(place),
    args,
    options,
    json,
    now: Date.now,
    paint: colours,
    terminal: stdout.isTTY === true && !json,
    columns: stdout.columns || Number.POSITIVE_INFINITY,
    note: (text) => {
      if (!json) complain(text);
    },
  };
}

function print({ exit, json, text, fault }: Result, wantsJson: boolean): number {
  if (wantsJson) write(`${safeJson(json)}\n`);
  else if (exit === exits.done) say(text());
  else if (fault === undefined) complain(text());
  else {
    say(text());
    complain(fault());
  }
  return exit;
}

function say(text: string): void {
  if (text !== '') write(`${text}\n`);
}

/** Colours were chosen for stdout: a file behind stderr gets none. */
function complain(text: string): void {
  if (text === '') return;
  stderr.write(redacted(`${stderr.isTTY === true ? text : text.replace(/\p{Cc}\[\d+m/gu, '')}\n`));
}

/** Help and the version were printed; all else is a fault with its reason. */
function fail(error: unknown, wantsJson: boolean, place: Place | null): number {
  if (error instanceof CommanderError && error.exitCode === 0) return exits.done;
  const because = error instanceof CommanderError ? misused(error) : reasonFor(error, place);
  if (wantsJson) write(`${safeJson({ schema: 1, ok: false, reason: because })}\n`);
  else complain(reasonText(because, paint(false)));
  return exitOf(because);
}

function misused(error: CommanderError): Reason {
  const message = error.message.replace(/^error: /, '');
  if (error.code === 'commander.help') {
    return reason('usage', { message: 'say which one', step: 'command' });
  }
  return reason('usage', { message, step: 'command' });
}

function write(text: string): void {
  stdout.write(redacted(text));
}

// Whoever reads us may stop early (`| head`): that is no fault.
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.exitCode = await main(process.argv.slice(2));
