/**
 * Calls that are made in one go, without an await between them, are carried out together, at most
 * so many in one. `carryOut` answers each input, in their order.
 */
export function together<Input, Output>(
  most: number,
  carryOut: (inputs: Input[]) => Promise<Output[]>,
): (input: Input) => Promise<Output> {
  interface Call {
    input: Input;
    resolve: (output: Output) => void;
    reject: (error: unknown) => void;
  }
  let waiting: Call[] = [];
  const some = async (calls: readonly Call[]) => {
    try {
      const outputs = await carryOut(calls.map((call) => call.input));
      for (const [at, call] of calls.entries()) call.resolve(outputs[at] as Output);
    } catch (error) {
      for (const call of calls) call.reject(error);
    }
  };
  const all = () => {
    const calls = waiting;
    waiting = [];
    for (let at = 0; at < calls.length; at += most) void some(calls.slice(at, at + most));
  };
  return (input) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(all);
      waiting.push({ input, resolve, reject });
    });
}
