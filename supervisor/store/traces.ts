/** Traces: what a run saw and did, one JSON line each, bounded. */
import { dirname } from 'node:path';
import { makeFolder } from '../host/files/files.ts';
import { openLines, readStart } from '../host/files/lines.ts';
import { codeOrEio } from '../host/files/records.ts';
import { redacted } from '../host/secrets.ts';
import type { TraceLine } from '../model/trace.ts';

export interface Trace {
  /** Never throws: a trace that cannot be written costs the trace, not the run. */
  write(line: TraceLine): void;
  /** Write out what is held back; what was lost, and why. */
  close(): TraceEnd;
}

export interface TraceEnd {
  bytes: number;
  /** Lines left out: beyond the limit, or after a fault. */
  dropped: number;
  /** The system's code of the fault that ended it, e.g. `ENOSPC`. */
  fault: string | null;
}

/** Held back at most so many characters, or so many milliseconds. */
const heldChars = 16 * 1024;
const heldMs = 200;

/** Room for the line that says that there is more. */
const lastLine = 64;

/**
 * Open a run's trace of at most `limit` bytes. A further open of the same run goes on at its end.
 * Throws the system's error when the file cannot be made.
 */
export function openTrace(path: string, limit: number): Trace {
  makeFolder(dirname(path));
  const file = openLines(path, 0o640);
  const end: TraceEnd = { bytes: file.size, dropped: 0, fault: null };
  let held = '';
  let timer: NodeJS.Timeout | null = null;
  const flush = () => {
    if (timer) clearTimeout(timer);
    timer = null;
    if (held === '') return;
    const lines = held;
    held = '';
    try {
      file.append(lines);
    } catch (error) {
      end.fault = codeOrEio(error);
      end.dropped += lines.split('\n').length - 1;
    }
  };
  const sayFull = (at: string) => {
    const text = `${JSON.stringify({ at, what: 'full' } satisfies TraceLine)}\n`;
    if (end.bytes + text.length > limit) return;
    end.bytes += text.length;
    held += text;
    flush();
  };
  const write = (line: TraceLine) => {
    const text = `${redacted(JSON.stringify(line))}\n`;
    const size = Buffer.byteLength(text);
    if (end.fault !== null || end.dropped > 0 || end.bytes + size > limit - lastLine) {
      if (end.fault === null && end.dropped === 0) sayFull(line.at);
      end.dropped += 1;
      return;
    }
    end.bytes += size;
    held += text;
    // Money that is held is on the disk before the call goes out: a crash finds it there.
    if (held.length >= heldChars || line.what === 'call') flush();
    else timer ??= setTimeout(flush, heldMs).unref();
  };
  const close = () => {
    flush();
    file.close();
    return end;
  };
  return { write, close };
}

export interface TraceText {
  lines: TraceLine[];
  /** Lines that are no JSON: the last one of a run that was cut off. */
  torn: number;
  /** There is more than was read. */
  cut: boolean;
}

/** The lines of a trace, oldest first, of at most `limit` bytes; null when there is no trace. */
export function readTrace(path: string, limit = 64 * 1024 * 1024): TraceText | null {
  const start = readStart(path, limit);
  if (start === null) return null;
  const texts = start.text.split('\n').filter((text) => text !== '');
  const lines = texts.flatMap((text) => parsedLine(text) ?? []);
  return { lines, torn: texts.length - lines.length, cut: start.size > limit };
}

function parsedLine(text: string): TraceLine | null {
  try {
    return JSON.parse(text) as TraceLine;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export interface Spent {
  usd: number;
  /** Calls that were answered. */
  steps: number;
  /** Nothing of it is missing; else it spent at least this. */
  whole: boolean;
}

/** What a run spent, by its trace: what was held for a call that has no end there was spent. */
export function spentIn({ lines, torn, cut }: TraceText): Spent {
  const calls = new Map<number, number>();
  const spent: Spent = { usd: 0, steps: 0, whole: torn === 0 && !cut };
  for (const line of lines) {
    if (line.what === 'call') calls.set(line.call, line.reserved);
    if (line.what === 'answer') spent.steps += 1;
    if (line.what === 'full') spent.whole = false;
    if (line.what !== 'answer' && line.what !== 'failed') continue;
    calls.delete(line.call);
    spent.usd += line.usd;
  }
  for (const reserved of calls.values()) spent.usd += reserved;
  return spent;
}
