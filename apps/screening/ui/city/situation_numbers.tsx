// The numbers of the day in one row: readings by channel, fevers, follow-ups; each beside the day before, like with like, and each a way to its list.
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { may, useSession } from '@tk/shell/session';
import { useSettings } from '../use_settings';
import { type AreaFigures, moved, readingsOf } from './figures';
import { askSoFar, kChannels, type Behind as BehindName, type SoFar } from './situation_ask';

const kPastMs = 300_000;
const kDayMs = 86_400_000;

/** What had come in the day before, until the same time of a day that goes on, and the limit that counts as a fever. */
function usePast(day: string, today: string, asOfMs: number): { limit: number | null; past: SoFar | undefined } {
  const { settings } = useSettings();
  const session = useSession();
  const limit = settings?.fever_limit_cel ?? null;
  const before = moved(day, -1);
  // Like with like: of a day that goes on, yesterday until the same time; of one that is over, the whole day before.
  const untilMs = day === today ? asOfMs - kDayMs : Date.parse(`${day}T00:00:00`) - 1;
  const past = useQuery({
    queryKey: ['situation', 'so-far', before, Math.floor(untilMs / 60_000), limit],
    enabled: limit !== null && asOfMs > 0 && may(session, 'read', 'Observation'),
    staleTime: kPastMs,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => askSoFar(before, untilMs, limit ?? 0, signal),
  });
  return { limit, past: past.data };
}

interface NumbersProps {
  city: AreaFigures;
  day: string;
  today: string;
  asOfMs: number;
  onOpen: (what: BehindName) => void;
}

export function Numbers({ city, day, today, asOfMs, onOpen }: NumbersProps): ReactNode {
  const { t, i18n } = useTranslation('situation');
  const number = new Intl.NumberFormat(i18n.language);
  const { limit, past } = usePast(day, today, asOfMs);
  const than = (now: number, then: number | undefined): ReactNode =>
    then === undefined ? null : (
      <span className="st-than">
        <b>{now === then ? '±0' : `${now > then ? '▲' : '▼'} ${number.format(Math.abs(now - then))}`}</b> {t(day === today ? 'thanSoFar' : 'thanBefore', { count: number.format(then) })}
      </span>
    );
  const big = (what: BehindName, value: number, word: string): ReactNode => (
    <button type="button" className="st-big" onClick={() => onOpen(what)} aria-label={`${word} ${number.format(value)}`}>
      {number.format(value)}
    </button>
  );
  const readings = readingsOf(city);
  return (
    <ul className="st-numbers">
      <li>
        <h2>{t('num.readings')}</h2>
        <p>
          {big('readings', readings, t('num.readings'))}
          {than(readings, past?.readings)}
        </p>
        <p className="st-channels">
          {kChannels.map((c) => (
            <button key={c} type="button" className="st-link" onClick={() => onOpen(c)}>
              {t(`channel.${c}`)} <b>{number.format(city[c])}</b>
            </button>
          ))}
        </p>
      </li>
      <li>
        <h2>{limit === null ? t('num.fever') : t('num.feverOf', { limit })}</h2>
        <p>
          {big('fever', city.fever, t('num.fever'))}
          {than(city.fever, past?.fever)}
        </p>
        <p className="tk-sub">{readings > 0 ? t('num.perThousand', { rate: ((city.fever * 1000) / readings).toFixed(1) }) : t('num.nothing')}</p>
      </li>
      <li>
        <h2>{t('num.opened')}</h2>
        <p>
          {big('opened', city.opened, t('num.opened'))}
          <span className="st-than">{t('num.sameDay')}</span>
        </p>
        <p>
          <button type="button" className="st-link" onClick={() => onOpen('closed')}>
            {t('num.closed')} <b>{number.format(city.closed)}</b>
          </button>
        </p>
      </li>
      <li>
        <h2>{t('num.open')}</h2>
        <p>
          {big('open', city.open, t('num.open'))}
          <span className="st-than">{t('num.now')}</span>
        </p>
      </li>
    </ul>
  );
}
