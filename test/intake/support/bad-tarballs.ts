import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { type Host, limits } from '../../stage/support/host.ts';
import { type BadDrop, row } from './bad-drop.ts';
import { type RawMember, tarball } from './tar-bytes.ts';

const tgz =
  (members: RawMember[], end = true) =>
  (host: Host) =>
    writeFileSync(host.drop('bad.tar.gz'), tarball(members, end));
const raw = (content: Buffer) => (host: Host) => writeFileSync(host.drop('bad.tar.gz'), content);
const head: RawMember = { path: 'proposal.yaml', content: 'title: t\n' };
const withMember = (member: RawMember) =>
  tgz([head, { path: 'files/app/n', content: 'x' }, member]);

export const badTarballs: BadDrop[] = [
  row('a tarball that is no gzip', 'malformed', raw(Buffer.from('hello'))),
  row('an empty tarball', 'malformed', raw(Buffer.alloc(0))),
  row('a gzip that is no tar', 'malformed', raw(gzipSync(Buffer.alloc(4096, 'x')))),
  row(
    'a tarball that is cut off',
    'malformed',
    raw(tarball([head, { path: 'files/app/n', content: 'x' }]).subarray(0, 60)),
  ),
  row('a tarball packed twice', 'malformed', raw(gzipSync(tarball([head])))),
  row('a bomb', 'too-big', raw(gzipSync(Buffer.alloc(64 * 1024 * 1024)))),
  row(
    'a bomb in one member',
    'too-big',
    tgz([head, { path: 'files/app/b', content: Buffer.alloc(limits.bytes + 512) }]),
  ),
  row(
    'a member that claims an exabyte',
    'too-big',
    tgz([head, { path: 'files/app/b', size: 2 ** 32 }]),
  ),
  row(
    'a member that ends too early',
    'malformed',
    tgz([head, { path: 'files/app/b', size: 5000, content: 'x' }], false),
  ),
  row(
    'too many members',
    'too-many-files',
    tgz([head, ...Array.from({ length: 200 }, (_, at) => ({ path: `files/app/${at}` }))]),
  ),
  row(
    'a member with a wrong checksum',
    'malformed',
    withMember({ path: 'files/app/b', checksum: 1 }),
  ),
  row(
    'a member that climbs out',
    'path-parent',
    withMember({ path: '../../tmp/airlock-escaped', content: 'x' }),
  ),
  row(
    'a member that climbs out of files/',
    'path-parent',
    withMember({ path: 'files/../../x', content: 'x' }),
  ),
  row(
    'an absolute member',
    'path-absolute',
    withMember({ path: '/tmp/airlock-escaped', content: 'x' }),
  ),
  row(
    'an absolute member in files/',
    'path-absolute',
    withMember({ path: 'files//etc/passwd', content: 'x' }),
  ),
  row(
    'a symlink as member',
    'symlink',
    withMember({ path: 'files/app/l', type: '2', link: '/etc/passwd' }),
  ),
  row(
    'a symlink and a file through it',
    'symlink',
    tgz([
      head,
      { path: 'files/app/d', type: '2', link: '/tmp' },
      { path: 'files/app/d/airlock-escaped', content: 'x' },
    ]),
  ),
  row(
    'a hard link as member',
    'hard-link',
    withMember({ path: 'files/app/l', type: '1', link: '/etc/passwd' }),
  ),
  row('a device as member', 'device', withMember({ path: 'files/app/d', type: '3' })),
  row('a block device as member', 'device', withMember({ path: 'files/app/d', type: '4' })),
  row('a named pipe as member', 'fifo', withMember({ path: 'files/app/p', type: '6' })),
  row(
    'a set-uid member',
    'setuid',
    withMember({ path: 'files/app/s', mode: 0o4755, content: 'x' }),
  ),
  row('a sparse member', 'malformed', withMember({ path: 'files/app/s', type: 'S' })),
  row(
    'a member of a kind nobody knows',
    'malformed',
    withMember({ path: 'files/app/s', type: 'Z' }),
  ),
  row(
    'a member of a name without end',
    'malformed',
    withMember({ path: '././@LongLink', type: 'L', content: Buffer.alloc(100_000, 'a') }),
  ),
  row(
    'a member that is no UTF-8',
    'path-not-utf8',
    withMember({ path: Buffer.from([...Buffer.from('files/app/'), 0xe9]), content: 'x' }),
  ),
  row('the same member twice', 'path-conflict', withMember({ path: 'files/app/n', content: 'y' })),
  row(
    'a member that is file and folder',
    'path-conflict',
    withMember({ path: 'files/app/n/m', content: 'y' }),
  ),
  row('a tarball without proposal.yaml', 'malformed', tgz([{ path: 'files/app/n', content: 'x' }])),
  row('a tarball with two proposal.yaml', 'malformed', withMember(head)),
];
