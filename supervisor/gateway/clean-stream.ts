import { redacted, type SecretStream, secretStream } from '../host/secrets.ts';
import { jsonOrNull } from '../model/json.ts';
import { withoutSecrets } from './redact.ts';
import { encodeEvent, type ServerEvent } from './sse.ts';

/** One event as it may go on, and what it says. */
export interface CleanEvent {
  bytes: string;
  data: unknown;
}

export interface CleanStream {
  /** The event without secrets; before it, what was held back of a block that ends with it. */
  push(event: ServerEvent): CleanEvent[];
}

type Wire = Record<string, unknown>;
/** The one text of a delta, by which it grows. */
const growing = ['text', 'partial_json', 'thinking', 'signature'];

interface Block {
  pieces: SecretStream;
  /** The last delta, to be said again with what was held back. */
  last: { event: ServerEvent; data: Wire; delta: Wire; field: string };
}

/**
 * A provider's stream on its way to a run. Texts come in deltas that cut a secret anywhere: the
 * end of one that may be a secret's beginning waits for the next one, or for the block's end.
 */
export function cleanStream(): CleanStream {
  const blocks = new Map<unknown, Block>();

  function grown(event: ServerEvent, data: Wire, delta: Wire, field: string): CleanEvent {
    const block = blocks.get(data.index) ?? { pieces: secretStream(), last: null as never };
    block.last = { event, data, delta, field };
    blocks.set(data.index, block);
    const text = String(delta[field]);
    const clean = block.pieces.push(text);
    return clean === text ? plain(event, data) : said(block, clean);
  }
  function rest(index: unknown): CleanEvent[] {
    const block = blocks.get(index);
    const held = block?.pieces.end() ?? '';
    blocks.delete(index);
    return block === undefined || held === '' ? [] : [said(block, held)];
  }

  return {
    push(event) {
      const data = jsonOrNull(event.data);
      if (data === null) return [strange(event)];
      if (!isWire(data)) return [plain(event, data)];
      const { type, delta, index } = data;
      if (type === 'content_block_delta' && isWire(delta)) {
        const field = growing.find((name) => typeof delta[name] === 'string');
        if (field !== undefined) return [grown(event, data, delta, field)];
      }
      const before =
        type === 'content_block_stop' ? rest(index) : type === 'message_stop' ? all() : [];
      return [...before, plain(event, data)];
    },
  };

  function all(): CleanEvent[] {
    return [...blocks.keys()].flatMap(rest);
  }
}

function said({ last }: Block, text: string): CleanEvent {
  const { event, data, delta, field } = last;
  return plain(event, { ...data, delta: { ...delta, [field]: text } });
}

function plain({ event }: ServerEvent, data: unknown): CleanEvent {
  const clean = withoutSecrets(data);
  return { bytes: encodeEvent({ event: named(event), data: clean.text }), data: clean.value };
}

/** No event of the Messages API: its text is cleaned as it stands. */
function strange({ event, data }: ServerEvent): CleanEvent {
  const text = redacted(data);
  return { bytes: encodeEvent({ event: named(event), data: text }), data: text };
}

const named = (event: string | null) => (event === null ? null : redacted(event));

function isWire(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
