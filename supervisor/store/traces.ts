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
  const write = (line: TraceLine) => {
    const text = `${redacted(JSON.stringify(line))}\n`;
    const size = Buffer.byteLength(text);
    if (end.fault !== null || end.dropped > 0 || end.bytes + size > limit) {
      end.dropped += 1;
      return;
    }
    end.bytes += size;
    held += text;
    if (held.length >= heldChars) flush();
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
