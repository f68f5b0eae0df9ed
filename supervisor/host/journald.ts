/**
 * The log as journald wants it: a priority and fields beside the message, in its native protocol
 * (systemd.journal-fields(7)). That speaks datagrams, which Node has not: a few lines of perl,
 * which every Debian has, carry them. They live as long as this process, so that journald knows
 * whose lines they are; `logger` would be gone before it looks.
 */
import { spawn } from 'node:child_process';
import { existsSync, fstatSync } from 'node:fs';

const perl = '/usr/bin/perl';
const socket = '/run/systemd/journal/socket';

/** Sends entries that come each after its length; waits for a journald that restarts. */
const carrier = `
use Socket;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
my $to = sockaddr_un($ARGV[0]);
while (read(STDIN, my $head, 4) == 4) {
  my $size = unpack('N', $head);
  last unless read(STDIN, my $entry, $size) == $size;
  for (1 .. 50) {
    last if defined send($s, $entry, 0, $to);
    select(undef, undef, undef, 0.1);
  }
}`;

/** Longest value of a field, characters: an entry must fit into a datagram. */
const longest = 16 * 1024;
/** Lines under way; more are written to stderr, where nothing is lost. */
const mostWaiting = 1000;

const priorities: Record<string, string> = { debug: '7', info: '6', warn: '4', error: '3' };

/** Whether stderr of this process leads to journald (systemd.exec(5), JOURNAL_STREAM). */
export function leadsToJournald(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { dev, ino } = fstatSync(2);
  return environment.JOURNAL_STREAM === `${dev}:${ino}` && existsSync(perl) && existsSync(socket);
}

/** Takes lines of the log, JSON each, and gives them to journald; to `stderr` where it cannot. */
export function journaldSink(stderr: (line: string) => void): (line: string) => void {
  const child = spawn(perl, ['-e', carrier, socket], {
    env: {},
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const waiting = new Set<string>();
  let broken = false;
  const direct = (line: string) => stderr(`${prefixOf(line)}${line}`);
  const breaks = () => {
    broken = true;
    for (const line of waiting) direct(line);
    waiting.clear();
  };
  child.once('error', breaks);
  child.once('exit', breaks);
  child.stdin.once('error', breaks);
  // It ends when its input does, and holds nobody up.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  process.once('exit', () => {
    for (const line of waiting) direct(line);
  });
  return (line) => {
    if (broken || waiting.size >= mostWaiting) return direct(line);
    waiting.add(line);
    child.stdin.write(framed(entryOf(line)), () => waiting.delete(line));
  };
}

/** sd-daemon(3): the priority of a line that goes the plain way. */
function prefixOf(line: string): string {
  const level = /"level":"(\w+)"/.exec(line)?.[1] ?? 'info';
  return `<${priorities[level] ?? '6'}>`;
}

function framed(entry: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(entry.length);
  return Buffer.concat([head, entry]);
}

/** Every value after its length: no text in it can begin another field. */
export function entryOf(line: string): Buffer {
  const { msg, level, time: _, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => [nameOf(key), textOf(value)] as const);
  const all = [
    ['MESSAGE', textOf(msg)],
    ['PRIORITY', priorities[String(level)] ?? '6'],
    ['SYSLOG_IDENTIFIER', 'airlock'],
    ...fields,
  ] as const;
  return Buffer.concat(all.map(([name, value]) => fieldOf(name, Buffer.from(value))));
}

function fieldOf(name: string, value: Buffer): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, value, Buffer.from('\n')]);
}

/** `journalHead` is AIRLOCK_JOURNAL_HEAD. */
function nameOf(key: string): string {
  const snake = key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]/g, '_');
  return `AIRLOCK_${snake.toUpperCase().slice(0, 48)}`;
}

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.slice(0, longest);
}
