/** What a run must know of its door: `port` is where its bridge listens on loopback. */
export function doorEnvironment(token: string, port: number): Record<string, string> {
  const gateway = `http://127.0.0.1:${port}`;
  return {
    AIRLOCK_GATEWAY: gateway,
    ANTHROPIC_BASE_URL: gateway,
    OPENAI_BASE_URL: `${gateway}/v1`,
    ANTHROPIC_API_KEY: token,
    OPENAI_API_KEY: token,
  };
}
