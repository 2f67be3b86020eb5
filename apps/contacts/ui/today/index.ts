// Contacts who need the investigator, for the first page at work: a positive test, lost, and those whose observation is over without a release.
import { idOf } from '@tk/fhir/client';
import { dayOf } from '@tk/fhir/time';
import { type AskToday, kOfEachMax, type TodayRow } from '@tk/today/today';
import { type ContactWatch, endOf, isPositive } from '../model';

const ask: AskToday = async ({ fhir, nowMs, signal }) => {
  const search = async (...more: [string, string][]): Promise<ContactWatch[]> => (await fhir.search<ContactWatch>('ContactWatch', [...more, ['_sort', 'until'], ['_count', String(kOfEachMax)]], signal)).items;
  const [over, lost] = await Promise.all([search(['status', 'observation'], ['until', 'lt' + dayOf(nowMs)]), search(['status', 'lost'])]);
  const row = (watch: ContactWatch, zh: string, en: string, grave = false): TodayRow => ({ reference: `ContactWatch/${watch.id}`, what: { 'zh-CN': zh, en }, patient: idOf('Patient', watch.subject?.reference), dueMs: endOf(watch), grave });
  return [
    ...lost.map((watch) => row(watch, '接触者失访，请查找', 'A contact is lost: find him', true)),
    ...over.map((watch) => (isPositive(watch) ? row(watch, '接触者检测阳性，请核实', 'A contact tested positive: verify', true) : row(watch, '观察期已满，还不能解除', 'The days are over, the release waits'))),
  ];
};
export default ask;
