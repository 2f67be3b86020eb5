// The tasks that need somebody now: open ones that are mine or nobody's, the oldest first.
import type { Task } from '../fhir/types';
import { type AskToday, kOfEachMax } from '../today/today';
import { dueOfTask, inOrder, isMine, kindOf, personOf } from './model';

export const tasksToday: AskToday = async ({ fhir, session, signal }) => {
  const page = await fhir.search<Task>('Task', [['status', 'requested,received,ready,accepted,in-progress,on-hold'], ['_sort', 'authored-on'], ['_count', String(4 * kOfEachMax)]], signal);
  const mine = inOrder(page.items.filter((task) => !task.owner || isMine(task, session)));
  return mine.slice(0, kOfEachMax).map((task) => ({ reference: `Task/${task.id}`, at: `/tasks?task=${task.id}`, what: { 'zh-CN': kindOf(task), en: kindOf(task) }, patient: personOf(task), dueMs: dueOfTask(task), grave: task.priority === 'stat' }));
};
