interface Started<Ending> {
  ended: Promise<Ending>;
  stop(why: 'rollback'): void;
}

/** The end of something started; a signal ends it early, with all its processes. */
export async function stoppable<Ending>(
  started: Started<Ending>,
  signal: AbortSignal | undefined,
): Promise<Ending> {
  const stop = () => started.stop('rollback');
  if (signal?.aborted) stop();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await started.ended;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
