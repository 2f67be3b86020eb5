// Why it is this colour, as a slip of paper: since when, until when, by what, by which rule; then what turns it green.
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { clockOf, parseTime } from '@tk/fhir/time';
import { daysLeft, evidenceOf, type Mine, type Reason, reasonKey, ruleOf } from '../mine';

export function useMoment(): (text: string | undefined) => string {
  const { i18n } = useTranslation('health-code');
  const day = new Intl.DateTimeFormat(i18n.language, { month: 'long', day: 'numeric', hour: '2-digit', minute: '2-digit', hour12: false });
  return (text) => {
    const ms = parseTime(text);
    return ms === null ? '' : day.format(ms);
  };
}

export function Why({ mine, fresh }: { mine: Mine; fresh: boolean }): ReactNode {
  const { t } = useTranslation('health-code');
  const colour = t(`colour.${mine.colour}`);
  return (
    <section className="hd-why" aria-labelledby="hd-why">
      <h2 id="hd-why">{fresh ? t('why.title', { colour }) : t('code.last', { colour })}</h2>
      {mine.reasons.length === 0 && (
        <>
          <p>{t('why.green')}</p>
          <dl className="hd-slip">
            <div>
              <dt>{t('why.until')}</dt>
              <dd>{t('why.always')}</dd>
            </div>
          </dl>
        </>
      )}
      {mine.reasons.length > 1 && <p className="tk-sub">{t('why.several', { count: mine.reasons.length })}</p>}
      {mine.reasons.map((reason) => (
        <Slip key={reason.id} reason={reason} />
      ))}
      {mine.reasons.length > 0 && <Changes reasons={mine.reasons} />}
      <p className="tk-sub">{t('change.checked', { time: clockOf(parseTime(mine.checked) ?? 0) })}</p>
    </section>
  );
}

function Slip({ reason }: { reason: Reason }): ReactNode {
  const { t } = useTranslation('health-code');
  const moment = useMoment();
  const untilMs = parseTime(reason.until);
  const days = untilMs === null ? null : daysLeft(untilMs, Date.now());
  return (
    <>
      <p>{t(`why.reason.${reasonKey(reason.reason)}`)}</p>
      <dl className="hd-slip">
        <div>
          <dt>{t('why.since')}</dt>
          <dd>{moment(reason.since)}</dd>
        </div>
        {days !== null && (
          <div>
            <dt>{t('why.until')}</dt>
            <dd>
              {t('why.latest', { time: moment(reason.until) })} <b>{days === 0 ? t('why.today') : t('why.left', { count: days })}</b>
            </dd>
          </div>
        )}
        <div>
          <dt>{t('why.evidence')}</dt>
          <dd>
            {evidenceOf(reason.evidence).map(({ kind, count }) => (
              <span key={kind} className="hd-line">
                {t('why.count', { what: t(`why.kind.${kind}`), count })}
              </span>
            ))}
          </dd>
        </div>
        <div>
          <dt>{t('why.rule')}</dt>
          <dd className="hd-rule">{t('why.version', ruleOf(reason.rule))}</dd>
        </div>
      </dl>
    </>
  );
}

/** All of them must end before it is green; what is the same for two is said once. */
function Changes({ reasons }: { reasons: Reason[] }): ReactNode {
  const { t, i18n } = useTranslation('health-code');
  const texts = [...new Set(reasons.map((r) => r.changes[i18n.language] ?? r.changes['zh-CN'] ?? ''))];
  return (
    <>
      <h2>{t('change.title')}</h2>
      <ol className="hd-steps">
        {texts.map((text, i) => (
          <li key={text}>
            <span className="hd-n" aria-hidden="true">
              {i + 1}
            </span>
            {text}
          </li>
        ))}
      </ol>
    </>
  );
}
