import { StringDecoder } from 'node:string_decoder';

/** Stands where something was left out. */
export const leftOut = /\n\[\d+ bytes left out\]\n/;

/**
 * One output stream of a process, bounded: the first half of what is kept is told as it comes,
 * the last half is the tail. Memory is at most `kept` and one chunk.
 */
export interface KeptOutput {
  add(chunk: Buffer): void;
  /** Bytes that came, kept or not. */
  bytes(): number;
  /** The last half of `kept` bytes of everything; the head may be in it too. */
  tail(): string;
  /** What of the end was not told as it came, with how much is missing between; null if none. */
  rest(): string | null;
}

export function keepOutput(kept: number, tell: (text: string) => void): KeptOutput {
  const head = Math.floor(kept / 2);
  const room = kept - head;
  const decoder = new StringDecoder('utf8');
  let chunks: Buffer[] = [];
  let held = 0;
  let told = 0;
  let bytes = 0;
  return {
    add(chunk) {
      const first = chunk.subarray(0, Math.max(0, head - told));
      told += first.length;
      bytes += chunk.length;
      const text = decoder.write(first);
      if (text !== '') tell(text);
      chunks.push(chunk.subarray(-room));
      held += Math.min(chunk.length, room);
      while (held - (chunks[0]?.length ?? 0) >= room) held -= chunks.shift()?.length ?? 0;
      // Many tiny chunks cost more than their bytes.
      if (chunks.length > 1024) chunks = [Buffer.concat(chunks)];
    },
    bytes: () => bytes,
    tail: () => Buffer.concat(chunks).subarray(-room).toString('utf8'),
    rest() {
      const untold = bytes - told;
      const last = untold === 0 ? '' : lastOf(chunks, Math.min(untold, room));
      const lost = Math.max(0, untold - room);
      const text = decoder.end() + (lost > 0 ? `\n[${lost} bytes left out]\n` : '') + last;
      return text === '' ? null : text;
    },
  };
}

function lastOf(chunks: Buffer[], size: number): string {
  return Buffer.concat(chunks).subarray(-size).toString('utf8');
}
