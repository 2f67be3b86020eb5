// Fever patients for whom something is to be done by a time, for the first page at work.
import { limitOf } from '@tk/components/ways/ways';
import { idOf } from '@tk/fhir/client';
import { type AskToday, kOfEachMax } from '@tk/today/today';
import type { FeverEpisode } from '../model';

const kWhat: Record<string, { 'zh-CN': string; en: string }> = {
  registered: { 'zh-CN': '发热病人，还没安排就诊', en: 'A fever patient: nobody has arranged a clinic' }, transport: { 'zh-CN': '发热病人，正在转运', en: 'A fever patient on the way' }, clinic: { 'zh-CN': '发热病人，门诊还没有结论', en: 'A fever patient without an outcome' },
};

const ask: AskToday = async ({ fhir, signal }) => {
  const page = await fhir.search<FeverEpisode>('FeverEpisode', [['status', Object.keys(kWhat).join(',')], ['_sort', 'registered'], ['_count', String(kOfEachMax)]], signal);
  return page.items.map((episode) => ({ reference: `FeverEpisode/${episode.id}`, what: kWhat[episode.status] ?? { 'zh-CN': '发热病人', en: 'A fever patient' }, patient: idOf('Patient', episode.subject?.reference), dueMs: limitOf(episode) }));
};
export default ask;
