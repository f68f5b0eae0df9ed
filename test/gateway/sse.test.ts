import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ServerEvent } from '../../supervisor/gateway/sse.ts';
import { encodeEvent, eventParser } from '../../supervisor/gateway/sse.ts';

/** Cuts bytes at the given places (each modulo the length) and parses piece by piece. */
function parseInPieces(bytes: Buffer, cuts: number[]): ServerEvent[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  const parser = eventParser();
  const events: ServerEvent[] = [];
  let from = 0;
  for (const to of [...places, bytes.length]) {
    events.push(...parser.push(bytes.subarray(from, to)));
    from = to;
  }
  return events;
}

const name = fc.option(fc.stringMatching(/^[a-z_]{1,12}$/), { nil: null });
const data = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\r'));
const event: fc.Arbitrary<ServerEvent> = fc.record({ event: name, data });

describe('server-sent events', () => {
  test('what was encoded is parsed again, wherever the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat()), (events, cuts) => {
        const bytes = Buffer.from(events.map(encodeEvent).join(''));
        expect(parseInPieces(bytes, cuts)).toEqual(events);
      }),
      { numRuns: 300 },
    );
  });

  test('lines may end in CR LF, CR or LF, cut between CR and LF too', () => {
    fc.assert(
      fc.property(fc.constantFrom('\r\n', '\r', '\n'), fc.array(fc.nat()), (end, cuts) => {
        const lines = ['\uFEFF: a comment', 'event: a', 'data: 1', 'data:2', '', 'data: é', '', ''];
        const bytes = Buffer.from(`${lines.join(end)}: end${end}`);
        expect(parseInPieces(bytes, cuts)).toEqual([
          { event: 'a', data: '1\n2' },
          { event: null, data: 'é' },
        ]);
      }),
    );
  });

  test('half an event is pending, a whole one is not', () => {
    const parser = eventParser();
    parser.push(Buffer.from('data: {"a"'));
    expect(parser.pending()).toBe(true);
    parser.push(Buffer.from(':1}\n\n'));
    expect(parser.pending()).toBe(false);
  });

  test('an endless event is not collected without end', () => {
    const parser = eventParser(1000);
    const line = Buffer.from(`data: ${'x'.repeat(300)}\n`);
    expect(() => {
      for (let count = 0; count < 10; count++) parser.push(line);
    }).toThrow(RangeError);
  });
});
