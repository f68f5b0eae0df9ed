import type { Mark } from '../model/mark.ts';
import type { Step } from '../model/step.ts';
import { type Decision, start, type View } from './view.ts';

/** A burst of them must not make a turn long. */
const atOnce = 64;

/** What others wait for: receipts for agents, answers for operators, notices for people. */
export function replies(view: View): Decision {
  const { state, facts } = view;
  const steps: Step[] = [
    ...[...state.answers.values()]
      .filter((one) => !one.told)
      .map((one) => ({ do: 'answer' as const, request: one.id, answer: one.answer })),
    ...[...state.receipts.values()].map((one) => ({
      do: 'receipt' as const,
      proposal: one.id,
      agent: one.agent,
    })),
    ...[...state.notices.values()].map((notice) => ({ do: 'notify' as const, notice })),
  ];
  const forget: Mark[] = [...state.answers.values()]
    .filter((one) => one.told && !facts.requestFiles.has(one.id))
    .map((one) => ({ mark: 'forget-answer', request: one.id }));
  const begun = start(view, ...steps.slice(0, atOnce));
  return { marks: forget, steps: begun.steps };
}
