import { withAcl } from '../host/path/acl.ts';
import { librariesOf } from '../host/path/elf.ts';
import { hops, Looked, namesIn } from '../host/path/hops.ts';
import type { Target } from '../host/path/try.ts';
import type { Weakness } from '../model/audit.ts';
import { type Install, type Place, pathOf } from './path-of.ts';
import { type Mode, type Names, type Rule, weaknessesOf } from './weak.ts';

export interface Walked {
  weaknesses: Weakness[];
  /** What is to be tried as agents' users. */
  targets: Target[];
  /** How many places were looked at. */
  looked: number;
}

interface How {
  key: boolean;
  fresh: boolean;
  except: number | null;
}

type Stats = NonNullable<ReturnType<Looked['at']>>;

/**
 * The whole path by owners and bits: every folder above, every link's every hop, everything below
 * where a tree is on it. Nothing is remembered from one walk to the next.
 */
export function walk(install: Install, names: Names): Walked {
  const walker = new Walker(install, names);
  for (const place of pathOf(install)) walker.place(place);
  walker.acls();
  return walker.walked();
}

class Walker {
  readonly #install: Install;
  readonly #names: Names;
  readonly #trusted: { root: Set<number>; elsewhere: Set<number> };
  readonly #looked = new Looked();
  readonly #weak = new Map<string, Weakness>();
  readonly #targets = new Map<string, Target>();
  readonly #judged = new Set<string>();
  /** Folders and what they are alike in: owner, bits and file system of each up to the top. */
  readonly #alike = new Map<string, number>();
  readonly #kinds = new Map<string, number>();
  readonly #tried = new Map<string, number>();
  /** Places of ROOT, whose ACLs are asked for. */
  readonly #keys = new Map<string, string>();

  constructor(install: Install, names: Names) {
    const { root, elsewhere } = install.trusted;
    this.#trusted = { root: new Set(root), elsewhere: new Set(elsewhere) };
    this.#install = install;
    this.#names = names;
  }

  walked(): Walked {
    const weaknesses = [...this.#weak.values()];
    return { weaknesses, targets: [...this.#targets.values()], looked: this.#judged.size };
  }

  place(place: Place): void {
    const end = this.#follow(place.path, place.part);
    if (end === null) return;
    const { path, stats } = end;
    const key = place.as !== 'program' && place.as !== 'tree' && place.agent === undefined;
    if (key || place.agent !== undefined) this.#keys.set(path, place.part);
    const contents = place.as === 'folder' || place.as === 'tree';
    this.#judge(path, stats, place.part, this.#ruleOf(path, place));
    this.#try(path, stats, { key, fresh: contents, except: place.owner ?? null });
    if (place.as === 'tree' && stats.isDirectory()) this.#below(path, place.part);
    if (place.as === 'program') {
      for (const library of librariesOf(path)) {
        const found = this.#follow(library, `library of ${place.path}`);
        if (found !== null) this.#thing(found.path, found.stats, 'library');
      }
    }
  }

  /** Every hop of the way; null where it leads to nothing. */
  #follow(path: string, part: string): { path: string; stats: Stats } | null {
    const way = hops(this.#looked, path);
    const end = way.at(-1);
    if (end === undefined) return null;
    for (const hop of way) {
      if (hop.stats === null || hop === end) continue;
      const rule = this.#rule(hop.path, 'passage');
      this.#judge(hop.path, hop.stats, `way to ${part}`, rule);
      this.#try(hop.path, hop.stats, { key: false, fresh: false, except: null });
    }
    return end.stats === null || end.stats.isSymbolicLink()
      ? null
      : { path: end.path, stats: end.stats };
  }

  #below(folder: string, part: string): void {
    for (const name of namesIn(folder)) {
      const path = `${folder}/${name}`;
      const stats = this.#looked.at(path);
      if (stats === null) continue;
      if (stats.isSymbolicLink()) {
        const end = this.#follow(path, part);
        if (end !== null) this.#thing(end.path, end.stats, part);
        continue;
      }
      this.#thing(path, stats, part);
      if (stats.isDirectory()) this.#below(path, part);
    }
  }

  #thing(path: string, stats: Stats, part: string): void {
    this.#judge(path, stats, part, this.#rule(path, 'no'));
    this.#try(path, stats, { key: false, fresh: stats.isDirectory(), except: null });
  }

  #rule(path: string, sticky: Rule['sticky']): Rule {
    const { root } = this.#install.layout;
    const inside = path === root || path.startsWith(`${root}/`);
    return { trusted: inside ? this.#trusted.root : this.#trusted.elsewhere, group: null, sticky };
  }

  #ruleOf(path: string, { shared, owner }: Place): Rule {
    const rule = this.#rule(path, shared === 'sticky' ? 'shared' : 'no');
    const group = shared === undefined ? null : this.#install.operators;
    const trusted = owner === undefined ? rule.trusted : new Set([...rule.trusted, owner]);
    return { ...rule, group, trusted };
  }

  #judge(path: string, stats: Stats, part: string, rule: Rule): void {
    const once = `${rule.sticky} ${path}`;
    if (this.#judged.has(once)) return;
    this.#judged.add(once);
    const { uid, gid } = stats;
    const found: Mode = { uid, gid, mode: stats.mode & 0o7777, kind: kindOf(stats) };
    for (const weak of weaknessesOf(found, rule, { path, part }, this.#names)) {
      const key = `${weak.fault} ${path}`;
      if (!this.#weak.has(key)) this.#weak.set(key, weak);
    }
  }

  /**
   * Every place of its own is tried; of many that the kernel cannot tell apart, in trees and on
   * the way to libraries, the first: same file system, owner, group and bits, all the way up. What
   * is an agent's is alike for all the others: two of them, so that each agent has another's.
   */
  #try(path: string, stats: Stats, how: How) {
    const { key, fresh, except } = how;
    const kind = kindOf(stats);
    const known = this.#targets.get(path);
    if (known !== undefined) {
      known.fresh ||= fresh;
      known.key ||= key;
      return;
    }
    const own = except !== null && stats.uid === except && stats.gid === except;
    const alike = own ? `agent's ${stats.mode} ${stats.dev}` : `${this.#like(path, stats)}`;
    const count = (this.#tried.get(`${alike} ${fresh} ${kind}`) ?? 0) + 1;
    this.#tried.set(`${alike} ${fresh} ${kind}`, count);
    if (!key && count > (own ? 2 : 1)) return;
    this.#targets.set(path, { path, kind, fresh, entry: path !== '/', key, except });
  }

  #like(path: string, stats: Stats): number {
    const known = this.#alike.get(path);
    if (known !== undefined) return known;
    const parent = path === '/' ? null : path.slice(0, path.lastIndexOf('/')) || '/';
    const above = parent === null ? null : this.#looked.at(parent);
    const up = parent === null || above === null ? 0 : this.#like(parent, above);
    const { dev, uid, gid, mode } = stats;
    const like = `${up} ${dev} ${uid} ${gid} ${mode}`;
    const number = this.#kinds.get(like) ?? this.#kinds.size + 1;
    this.#kinds.set(like, number);
    this.#alike.set(path, number);
    return number;
  }

  /** What bits cannot show: an ACL where operators may write, or a default one for what comes. */
  acls(): void {
    const found = withAcl([...this.#keys.keys()]);
    for (const path of found) {
      const part = this.#keys.get(path) ?? '';
      const message = `${path} (${part}) has an access control list`;
      const remedy = `setfacl -b -k ${path}`;
      this.#weak.set(`acl ${path}`, { path, part, fault: 'acl', message, remedy });
    }
  }
}

const kindOf = (stats: Stats): Mode['kind'] =>
  stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file';
