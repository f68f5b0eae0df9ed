import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { block, json, line } from '../../supervisor/cli/show/escape.ts';

/** Anything that a terminal obeys, that turns text around, or that nobody sees. */
const harmful =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u3164\uffa0]/u;

const hostile = fc.string({ unit: 'binary', maxLength: 300 });

describe('what an agent wrote, on one line', () => {
  it.each([
    ['colours', '\x1b[31mred\x1b[0m', '\\u{1b}[31mred\\u{1b}[0m'],
    ['a C1 control', 'a\u009b2Jb', 'a\\u{9b}2Jb'],
    ['a hyperlink (OSC 8)', '\x1b]8;;http://x\x07y', '\\u{1b}]8;;http://x\\u{7}y'],
    ['right-to-left override', 'app/\u202esdne', 'app/\\u{202e}sdne'],
    ['isolates', '\u2066a\u2069', '\\u{2066}a\\u{2069}'],
    ['line breaks', 'a\nb\r\nc\u2028d', 'a\\nb\\r\\nc\\u{2028}d'],
    ['a tab', 'a\tb', 'a\\tb'],
    ['zero width', 'pay\u200bpal\ufeff', 'pay\\u{200b}pal\\u{feff}'],
    ['tag characters', 'a\u{e0041}b', 'a\\u{e0041}b'],
    ['half a character', 'a\ud800b', 'a\\u{d800}b'],
    ['fillers', '\u3164\u2800', '\\u{3164}\\u{2800}'],
    ['an annotation that is no default ignorable', 'a\ufff9b', 'a\\u{fff9}b'],
    ['backspace', 'good\b\b\b\bevil', 'good\\u{8}\\u{8}\\u{8}\\u{8}evil'],
    ['plain text of any script', 'grün, 中文, שלום 😀', 'grün, 中文, שלום 😀'],
  ])('makes %s visible', (_what, text, shown) => {
    expect(line(text)).toBe(shown);
  });

  it('is cut, and says by how much', () => {
    expect(line('x'.repeat(1_000_000), 10)).toBe(`${'x'.repeat(10)}... (999990 more)`);
  });

  it('is never cut inside a character', () => {
    expect(line('a😀b', 2)).toBe('a... (3 more)');
  });

  it('holds nothing harmful, whatever was written', () => {
    fc.assert(fc.property(hostile, (text) => !harmful.test(line(text))));
  });
});

describe('what an agent wrote, on several lines', () => {
  it('stands behind a bar on every line', () => {
    expect(block('one\nNothing needs you.\n\x1b[2J')).toBe(
      '  | one\n  | Nothing needs you.\n  | \\u{1b}[2J',
    );
  });

  it('cannot step out from behind it, whatever was written', () => {
    fc.assert(
      fc.property(hostile, (text) =>
        block(text)
          .split('\n')
          .every((one) => one.startsWith('  | ') && !harmful.test(one)),
      ),
    );
  });

  it('is bounded in lines and characters', () => {
    const long = block('x\n'.repeat(1000), { lines: 3 });
    expect(long.split('\n')).toEqual(['  | x', '  | x', '  | x', '  | ... (998 more lines)']);
    expect(block('y'.repeat(100), { most: 5 })).toBe('  | yyyyy\n  | ... (95 more characters)');
  });
});

describe('JSON', () => {
  it('means the same, and holds nothing harmful', () => {
    fc.assert(
      fc.property(fc.dictionary(hostile, hostile), (value) => {
        const text = json(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text.replaceAll('\n', '')).not.toMatch(harmful);
      }),
    );
  });
});
