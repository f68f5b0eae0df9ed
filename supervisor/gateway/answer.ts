import type { TokenUsage } from '../model/trace.ts';

/** What a model answered, as far as the gateway needs to know: texts are bounded. */
export interface Answer {
  /** The provider's name of the model. */
  model: string;
  text: string;
  calls: { id: string; name: string; input: string }[];
  stop: string | null;
  usage: TokenUsage;
  /** The provider said what it billed, to the end. */
  complete: boolean;
  /** Something of the provider's usage was seen. */
  begun: boolean;
}

export interface AnswerReader {
  /** One event of the stream, parsed. */
  event(data: unknown): void;
  /** A whole message. */
  message(data: unknown): void;
  read(): Answer;
}

/** Characters of one text that are kept. */
const KEPT = 16_384;
const MOST_CALLS = 256;
/** A token of output is seldom less than this many bytes: never counted too low. */
const BYTES_A_TOKEN = 3;

export const noUsage: Readonly<TokenUsage> = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  searches: 0,
};

/** Reads an answer as it comes; what a cut stream has used so far is known at any time. */
export function answerReader(): AnswerReader {
  const answer: Answer = {
    ...{ model: '', text: '', calls: [], stop: null },
    ...{ usage: { ...noUsage }, complete: false, begun: false },
  };
  const openCalls = new Map<number, Answer['calls'][number]>();
  let bytes = 0;

  function begin(block: Wire, index: number): void {
    if (block.type === 'text' && typeof block.text === 'string') say(block.text);
    if (block.type !== 'tool_use' || answer.calls.length >= MOST_CALLS) return;
    const given = JSON.stringify(block.input ?? {});
    const call = { id: word(block.id), name: word(block.name), input: given === '{}' ? '' : given };
    openCalls.set(index, call);
    answer.calls.push(call);
  }
  function say(text: string): void {
    answer.text = (answer.text + text).slice(0, KEPT);
  }
  function grow(delta: Wire, index: number): void {
    const grown = delta.text ?? delta.partial_json ?? delta.thinking ?? delta.signature;
    if (typeof grown !== 'string') return;
    bytes += Buffer.byteLength(grown);
    if (typeof delta.text === 'string') say(delta.text);
    const call = openCalls.get(index);
    if (call && typeof delta.partial_json === 'string') {
      call.input = (call.input + delta.partial_json).slice(0, KEPT);
    }
  }
  function use(usage: unknown): void {
    if (!isWire(usage)) return;
    answer.begun = true;
    answer.usage = mergeUsage(answer.usage, usage);
  }

  return {
    event(data) {
      if (!isWire(data)) return;
      const index = Number(data.index ?? -1);
      if (data.type === 'message_start' && isWire(data.message)) {
        answer.model = word(data.message.model);
        use(data.message.usage);
      }
      if (data.type === 'content_block_start' && isWire(data.content_block)) {
        begin(data.content_block, index);
      }
      if (data.type === 'content_block_delta' && isWire(data.delta)) grow(data.delta, index);
      if (data.type === 'message_delta') {
        if (isWire(data.delta)) answer.stop = word(data.delta.stop_reason) || answer.stop;
        use(data.usage);
      }
      if (data.type === 'message_stop') answer.complete = true;
    },
    message(data) {
      if (!isWire(data)) return;
      answer.model = word(data.model);
      answer.stop = word(data.stop_reason) || null;
      use(data.usage);
      const blocks = Array.isArray(data.content) ? data.content : [];
      for (const [index, block] of blocks.entries()) if (isWire(block)) begin(block, index);
      answer.complete = answer.begun;
    },
    read() {
      const written = answer.complete ? 0 : Math.ceil(bytes / BYTES_A_TOKEN);
      const output = Math.max(answer.usage.output, written);
      return { ...answer, calls: [...answer.calls], usage: { ...answer.usage, output } };
    },
  };
}

type Wire = Record<string, unknown>;

function isWire(value: unknown): value is Wire {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function word(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 256) : '';
}

/** Numbers of a stream are running totals: a later one stands, a null leaves the earlier one. */
function mergeUsage(before: TokenUsage, usage: Wire): TokenUsage {
  const count = (value: unknown, old: number): number =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : old;
  const split = isWire(usage.cache_creation) ? usage.cache_creation : {};
  const server = isWire(usage.server_tool_use) ? usage.server_tool_use : {};
  const hour = count(split.ephemeral_1h_input_tokens, before.cacheWriteHour);
  const written = count(
    usage.cache_creation_input_tokens,
    before.cacheWrite + before.cacheWriteHour,
  );
  return {
    input: count(usage.input_tokens, before.input),
    output: count(usage.output_tokens, before.output),
    cacheRead: count(usage.cache_read_input_tokens, before.cacheRead),
    cacheWrite: Math.max(0, written - hour),
    cacheWriteHour: hour,
    searches: count(server.web_search_requests, before.searches),
  };
}
