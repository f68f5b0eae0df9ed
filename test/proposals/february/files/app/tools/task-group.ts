/**
 * Tasks that live and die together: the first failure ends the group, and what failed is thrown as
 * one error with all of them inside.
 */
export class TaskGroup {
  readonly name: string;
  private readonly tasks: Promise<unknown>[] = [];

  constructor(name: string) {
    this.name = name;
  }

  add(task: Promise<unknown>): void {
    this.tasks.push(task);
  }

  async finish(): Promise<void> {
    const ended = await Promise.allSettled(this.tasks);
    const failed = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
    if (failed.length === 0) return;
    const many = failed.length === 1 ? '1 sub-exception' : `${failed.length} sub-exceptions`;
    throw new AggregateError(failed, `unhandled errors in a TaskGroup: ${this.name} (${many})`);
  }
}
