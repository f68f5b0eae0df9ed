import { expect, it } from 'vitest';
import { entryOf, leadsToJournald } from '../../supervisor/host/journald.ts';

/** Fields of an entry, read as journald reads them. */
function fields(entry: Buffer): [name: string, value: string][] {
  const found: [string, string][] = [];
  for (let at = 0; at < entry.length; ) {
    const end = entry.indexOf('\n', at);
    const size = Number(entry.readBigUInt64LE(end + 1));
    const value = entry.subarray(end + 9, end + 9 + size).toString();
    found.push([entry.subarray(at, end).toString(), value]);
    at = end + 9 + size + 1;
  }
  return found;
}

it('each fact is a field; no text can begin another one', () => {
  const line = {
    level: 'warn',
    time: 't',
    msg: 'a\nPRIORITY=0',
    journalHead: { seq: 1 },
    'x-y': 'z\n',
  };
  expect(fields(entryOf(JSON.stringify(line)))).toEqual([
    ['MESSAGE', 'a\nPRIORITY=0'],
    ['PRIORITY', '4'],
    ['SYSLOG_IDENTIFIER', 'airlock'],
    ['AIRLOCK_JOURNAL_HEAD', '{"seq":1}'],
    ['AIRLOCK_X_Y', 'z\n'],
  ]);
});

it('a value is cut before an entry outgrows a datagram', () => {
  const [[, message = ''] = []] = fields(entryOf(JSON.stringify({ msg: 'x'.repeat(1 << 20) })));
  expect(message.length).toBe(16 * 1024);
});

it('stderr that leads elsewhere is left alone', () => {
  expect(leadsToJournald({})).toBe(false);
  expect(leadsToJournald({ JOURNAL_STREAM: '1:1' })).toBe(false);
});
