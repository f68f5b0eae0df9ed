import pino from 'pino';
import { systemWords } from '../model/system-words.ts';
import { fsErrorText } from './files/files.ts';
import { journaldSink, leadsToJournald } from './journald.ts';
import { redacted } from './secrets.ts';

/** Facts that go with a line: ids, paths, reasons, an error as `err`. */
export type LogFields = Record<string, unknown>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log whose lines all carry these fields. */
  with(fields: LogFields): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

interface Target {
  level?: LogLevel;
  /** Lines for people instead of JSON; by default where stderr is a terminal. */
  human?: boolean;
  /** Where lines go; by default stderr, written at once so that none is lost in a crash. */
  write?: (line: string) => void;
}

/** Characters that wait while stderr takes none; what comes beyond them is lost. */
const mostWaiting = 1024 * 1024;

/** A log to stderr: journald's entries, one JSON document a line, or lines for people. */
export function openLog(target: Target = {}): Log {
  const human = target.human ?? process.stderr.isTTY === true;
  const again = (found: Deaf) => log.warn('the log could not be written for a while', { ...found });
  const out = target.write ?? outOf(human, toStderr(again));
  const write = (line: string) => out(redacted(line));
  const stream = { write: human ? (line: string) => write(forPeople(line)) : write };
  const options = {
    level: target.level ?? 'info',
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: told },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = wrap(pino(options, stream));
  return log;
}

/** Why stderr took nothing, and how many lines did not fit into what may wait. */
interface Deaf {
  cause: string;
  lost: number;
}

const outOf = (human: boolean, stderr: (line: string) => void) =>
  leadsToJournald() && !human ? journaldSink(stderr) : stderr;

/**
 * At once, so that none is lost in a crash. Lines that cannot be written wait for the next one that
 * can, and `again` hears of it: nobody stops because his log does not take a line.
 */
function toStderr(again: (found: Deaf) => void): (line: string) => void {
  const direct = pino.destination({ fd: 2, sync: true });
  let cause: string | null = null;
  let [held, lost] = [0, 0];
  direct.on('error', (error: Error) => {
    cause = fsErrorText(error);
  });
  return (line) => {
    const before = cause;
    cause = null;
    const fits = held + line.length <= mostWaiting;
    if (fits) held += line.length;
    else lost += 1;
    // What waits is tried again, if only with nothing more.
    direct.write(fits ? line : '');
    if (cause !== null) return;
    const found = { cause: before ?? '', lost };
    [held, lost] = [0, 0];
    if (before !== null) again(found);
  };
}

/** An error with all its causes, in the system's own words. */
function told(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const fields = Object.entries(pino.stdSerializers.err(error)).map(([key, value]) => {
    return [key, typeof value === 'string' ? systemWords(value, error) : value];
  });
  return Object.fromEntries(fields);
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
    with: (fields) => wrap(logger.child(fields)),
  };
}

/** `01:45:13 warn  message  key=value`. */
function forPeople(line: string): string {
  const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 19);
  const rest = Object.entries(fields).map(([key, value]) => `  ${key}=${visible(value)}`);
  return `${clock} ${String(level).padEnd(5)} ${visible(msg)}${rest.join('')}\n`;
}

/** A value on one line; what could move the cursor or turn the text around is spelled out. */
function visible(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => {
    return `\\u{${sign.codePointAt(0)?.toString(16)}}`;
  });
}
