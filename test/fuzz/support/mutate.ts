/** Numbers that look random and are the same for the same seed (mulberry32). */
export function randomOf(seed: number): (below: number) => number {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

export type Random = ReturnType<typeof randomOf>;

/** Longest input that is made, bytes. */
const longest = 128 * 1024;

/** Words at which parsers of all sorts go wrong. */
const common = [
  '\n',
  '\r\n',
  '\0',
  '\ufeff',
  '\u202e',
  '\xff',
  '../',
  '/',
  '//',
  '"',
  "'",
  '\\',
  '-1',
  '0',
  '1e999',
  '9007199254740993',
  '4294967296',
  '[',
  ']',
  '{',
  '}',
  ':',
  ': ',
  '- ',
  ',',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'true',
];

/** One input made of another, or of two, in one to eight places. */
export function mutate(
  input: Buffer,
  other: Buffer,
  words: readonly string[],
  random: Random,
): Buffer {
  let bytes = input;
  for (let left = 1 + random(random(3) === 0 ? 8 : 3); left > 0; left--) {
    bytes = once(bytes, other, words, random).subarray(0, longest);
  }
  return bytes;
}

function once(bytes: Buffer, other: Buffer, words: readonly string[], random: Random): Buffer {
  const at = random(bytes.length + 1);
  const cut = random(random(4) === 0 ? bytes.length - at + 1 : 16);
  const head = bytes.subarray(0, at);
  const tail = bytes.subarray(at + cut);
  const word = (from: readonly string[]) => Buffer.from(from[random(from.length)] ?? '', 'utf8');
  switch (random(8)) {
    case 0:
      return Buffer.concat([head, tail]);
    case 1:
      return Buffer.concat([head, Buffer.from([random(256)]), bytes.subarray(at + 1)]);
    case 2:
      return Buffer.concat([head, word(common), tail]);
    case 3:
      return Buffer.concat([head, word(words), bytes.subarray(at)]);
    case 4: {
      const from = random(other.length + 1);
      return Buffer.concat([head, other.subarray(from, from + random(256)), tail]);
    }
    case 5: {
      const piece = Buffer.concat([bytes.subarray(at, at + cut)]);
      return Buffer.concat([head, piece, piece, tail]);
    }
    case 6:
      return repeated(bytes, at, words, random);
    default:
      return flipped(bytes, at, random);
  }
}

/** Much of the same: what costs more than its length shows here. */
function repeated(bytes: Buffer, at: number, words: readonly string[], random: Random): Buffer {
  const own = bytes.subarray(at, at + 1 + random(12));
  const all = [...words, ...common];
  const piece = random(2) === 0 ? own : Buffer.from(all[random(all.length)] as string);
  const times = 2 ** random(14);
  const much = Buffer.concat(Array(times).fill(piece), Math.min(piece.length * times, longest));
  return Buffer.concat([bytes.subarray(0, at), much, bytes.subarray(at)]);
}

function flipped(bytes: Buffer, at: number, random: Random): Buffer {
  if (at >= bytes.length) return bytes;
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ (1 << random(8));
  return copy;
}
