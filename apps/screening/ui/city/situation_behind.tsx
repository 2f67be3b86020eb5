// The list behind a number: the records that it counts, as this viewer may see them, page by page. Names masked; a county's are told by where the persons live.
import { pages as workPages } from 'virtual:tk-pages/work';
import { useInfiniteQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { Empty, Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { areaOf, maskName, nameOf } from '@tk/fhir/person';
import { momentOf, parseTime } from '@tk/fhir/time';
import type { Observation, Patient, Task } from '@tk/fhir/types';
import { kOwnPages } from '@tk/shell/own_pages';
import { addressOf } from '@tk/shell/pages';
import { may, postOf, useSession } from '@tk/shell/session';
import { temperatureIn } from '../screening';
import { useSettings } from '../use_settings';
import { askBehind, type Behind as BehindName, personOf, typeBehind } from './situation_ask';
import { countyOf, withinArea } from './situation_model';

interface BehindProps {
  what: BehindName;
  day: string;
  area: string;
  names: ReadonlyMap<string, string>; // of the counties, by code
  onClose: () => void;
}

export function Behind({ what, day, area, names, onClose }: BehindProps): ReactNode {
  const { t, i18n } = useTranslation('situation');
  const session = useSession();
  const title = [area === '' ? t('counties.city') : (names.get(area) ?? area), t(`behind.${what}`), what === 'open' ? '' : day].filter(Boolean).join(' · ');
  const type = typeBehind(what);
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="st-behind">
        {may(session, 'read', type) ? (
          <Records what={what} day={day} area={area} names={names} />
        ) : (
          <Empty icon="lock" title={t('behind.mayNot')}>
            <p className="tk-sub">{t('behind.mayNotHint', { post: postOf(session, i18n.language) })}</p>
          </Empty>
        )}
      </div>
    </Dialog>
  );
}

function Records({ what, day, area, names }: Omit<BehindProps, 'onClose'>): ReactNode {
  const { t } = useTranslation('situation');
  const { settings, failure } = useSettings();
  const limit = settings?.fever_limit_cel ?? null;
  const list = useInfiniteQuery({
    queryKey: ['situation', 'behind', what, day, limit],
    enabled: limit !== null,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) => askBehind(what, day, limit ?? 0, pageParam, signal),
    getNextPageParam: (page) => page.next,
  });
  if (failure && limit === null) return <Failed failure={failure} />;
  if (list.error) return <Failed failure={asFailure(list.error)} onRetry={() => void list.refetch()} />;
  if (!list.data) return <Skeleton lines={6} />;
  const pages = list.data.pages;
  const read = pages.reduce((sum, p) => sum + p.items.length, 0);
  const persons = new Map(pages.flatMap((p) => [...p.persons]));
  const items = withinArea(pages.flatMap((p) => p.items), personOf, persons, area);
  return (
    <>
      {items.length === 0 && !list.hasNextPage && <p className="tk-sub">{t('behind.none')}</p>}
      {items.length > 0 && (
        <ul className="st-records">
          {items.map((item) => (
            <Record key={item.id} item={item} person={persons.get(personOf(item) ?? '')} names={names} />
          ))}
        </ul>
      )}
      <p className="tk-sub" role="status">
        {area === '' ? t('behind.read', { read, total: pages[0]?.total ?? read }) : t('behind.readArea', { here: items.length, read, total: pages[0]?.total ?? read })}
      </p>
      {list.hasNextPage && (
        <button type="button" className="tk-btn" aria-disabled={list.isFetchingNextPage} onClick={() => void (list.isFetchingNextPage || list.fetchNextPage())}>
          {t(list.isFetchingNextPage ? 'behind.loading' : 'behind.more')}
        </button>
      )}
    </>
  );
}

function Record({ item, person, names }: { item: Observation | Task; person: Patient | undefined; names: ReadonlyMap<string, string> }): ReactNode {
  const { t } = useTranslation('situation');
  const session = useSession();
  // A task opens where it is worked on, a reading at the person whom it is about, as far as this post may go there.
  const reference = item.resourceType === 'Task' ? `Task/${item.id ?? ''}` : `Patient/${person?.id ?? ''}`;
  const address = addressOf(session, 'work', [...workPages.filter((p) => p.app === 'screening'), ...kOwnPages.work], reference);
  const reading = item.resourceType === 'Observation' ? (item as Observation) : null;
  const task = item.resourceType === 'Task' ? (item as Task) : null;
  const ms = parseTime(reading?.effectiveDateTime ?? task?.authoredOn);
  const warm = reading ? temperatureIn(reading) : null;
  const said = reading ? (reading.category ?? []).flatMap((c) => c.coding ?? []).find((c) => c.system?.endsWith('/screening-channel'))?.code : undefined;
  const name = person ? maskName(nameOf(person)) : '–';
  const what = reading ? (said === 'screener' || said === 'self' || said === 'organization' ? t(`channel.${said}`) : '') : (task?.reasonCode?.text ?? '');
  return (
    <li>
      <span className="st-when">{ms !== null && momentOf(ms, Date.now(), { today: t('today'), yesterday: t('yesterday') })}</span>
      <span className="st-who">{address === null ? name : <a href={address}>{name}</a>}</span>
      <span className="st-where">{countyOf(areaOf(person)?.code ?? '', names)}</span>
      <span className="tk-grow tk-cut tk-sub">{what}</span>
      {warm !== null && <b>{warm.toFixed(1)} °C</b>}
      {task && <b>{t(`status.${task.status === 'requested' ? 'requested' : task.status === 'on-hold' ? 'hold' : task.status === 'completed' ? 'done' : 'taken'}`)}</b>}
    </li>
  );
}
