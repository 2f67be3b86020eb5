// Alerts that nobody has seen, for the first page at work.
import { parseTime } from '@tk/fhir/time';
import { type AskToday, kOfEachMax } from '@tk/today/today';
import { type AlertReceipt, kOpenStatus, patientIdOf } from '../work/model';

const ask: AskToday = async ({ fhir, signal }) => {
  const page = await fhir.search<AlertReceipt>('AlertReceipt', [['status', kOpenStatus.join(',')], ['_sort', 'due'], ['_count', String(kOfEachMax)]], signal);
  return page.items.map((receipt) => ({ reference: `AlertReceipt/${receipt.id}`, what: { 'zh-CN': '重点人员提醒，还没有人确认', en: 'An alert that nobody has seen' }, patient: patientIdOf(receipt), dueMs: parseTime(receipt.due), grave: receipt.level === 'critical' }));
};
export default ask;
