// One question, one reading, one button. The strip under the reading tells what the button will do before it is pressed.
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Dialog } from '@tk/components/dialog';
import { Icon, Severity } from '@tk/components/icon';
import { ageOn, maskId, maskNameAtGate, nameOf, residentIdOf } from '@tk/fhir/person';
import { dayOf, momentOf, parseTime } from '@tk/fhir/time';
import type { Observation, Patient } from '@tk/fhir/types';
import { fhir } from '@tk/shell/session';
import { celsius, judge, kHighestTenths, kLoinc, kLowestTenths, kSymptoms, kTemperatureCode, readingOf, type Settings, type Symptom, symptomsIn, temperatureIn, tenthsOf, type Verdict } from '../screening';
import { useSettings } from '../use_settings';
import { keepDraft, readDraft } from './draft';
import { Pad, useKeys } from './pad';
import { Ruler } from './ruler';

export interface Reading {
  who: string;
  celsius: string;
  verdict: Verdict;
  resource: Observation;
}

interface MeasureProps {
  patient: Patient;
  ready: boolean;
  onSave: (reading: Reading) => Promise<void>;
  onOther: () => void;
}

export function Measure({ patient, ready, onSave, onOther }: MeasureProps): ReactNode {
  const { t } = useTranslation('screening');
  const { settings, failure } = useSettings();
  const person = patient.id ?? '';
  const [digits, setDigits] = useState(() => readDraft(person).digits);
  const [symptoms, setSymptoms] = useState<Symptom[]>(() => readDraft(person).symptoms);
  useEffect(() => keepDraft({ person, digits, symptoms }), [person, digits, symptoms]);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState(false);
  const tenths = tenthsOf(digits);
  const limit = settings?.fever_limit_cel ?? null;
  const verdict = judge(tenths, limit, symptoms);
  const can = ready && !busy && verdict !== 'none' && verdict !== 'bad';

  const onKey = (k: string): void => {
    if (k === 'clear') setDigits('');
    else if (k === 'erase') setDigits((d) => d.slice(0, -1));
    else setDigits((d) => (d.length < 3 ? d + k : k));
  };

  const save = async (): Promise<void> => {
    if (!can || tenths === null) return;
    setBusy(true);
    try {
      const who = maskNameAtGate(nameOf(patient)) || t('m.noName');
      await onSave({ who, celsius: celsius(tenths), verdict, resource: readingOf(patient, tenths, symptoms, Date.now()) });
      keepDraft(null);
    } catch (e) {
      // Saved, the page goes; until it has gone, a second press must not save once more.
      setBusy(false);
      throw e;
    }
  };

  useKeys((k) => {
    if (/^\d$/.test(k)) onKey(k);
    else if (k === 'Backspace') onKey('erase');
    else if (k === 'Escape') onKey('clear');
    else if (k === 'Enter') void save();
    else return false;
    return true;
  });

  return (
    <main id="main" className="sm-main">
      <Who
        patient={patient}
        onOther={() => {
          keepDraft(null);
          onOther();
        }}
      />
      <Ask symptoms={symptoms} onChange={setSymptoms} />
      <section className="sm-desk" aria-label={t('m.temperature')} data-v={verdict}>
        <div className="sm-read">
          <div className="sm-row">
            <output className="sm-num" data-n={digits.length} aria-live="polite" aria-label={tenths === null ? t('m.noReading') : `${celsius(tenths)} ℃`}>
              <Digits digits={digits} />
            </output>
            <VerdictSign verdict={verdict} limit={limit} onWhy={() => setWhy(true)} />
          </div>
          <Ruler tenths={tenths} limit={limit === null ? null : Math.round(limit * 10)} fever={verdict === 'fever'} label={limit === null ? t('m.rulerNoLimit') : t('m.ruler', { limit: limit.toFixed(1) })} />
        </div>
        <Consequence verdict={verdict} symptoms={symptoms} />
        <Pad left={{ key: 'clear', label: t('m.pad.clear') }} onKey={onKey} />
        <button type="button" className="tk-btn tk-pri sm-go" disabled={!can} onClick={() => void save()}>
          {t(`m.go.${verdict}`)}
        </button>
      </section>
      {why && <Why settings={settings} stale={failure !== null} onClose={() => setWhy(false)} />}
    </main>
  );
}

function Digits({ digits }: { digits: string }): ReactNode {
  const one = (i: number): ReactNode => digits[i] ?? <i key={i} />;
  return (
    <>
      {one(0)}
      {one(1)}.{one(2)}
      <small>℃</small>
    </>
  );
}

/** Who stands here: enough to recognise, no more. */
function Who({ patient, onOther }: { patient: Patient; onOther: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus({ preventScroll: true }), []);
  const masked = maskNameAtGate(nameOf(patient));
  const age = ageOn(patient.birthDate, dayOf(Date.now()));
  return (
    <section className="sm-whobox" aria-label={t('m.who')}>
      <div className="sm-who">
        <div className="sm-ph" aria-hidden="true">
          {[...masked][0] ?? '?'}
        </div>
        <div className="tk-grow">
          <h2 ref={head} tabIndex={-1}>
            <span className="tk-cut">{masked || t('m.noName')}</span>
            <small>
              {t(`sex.${patient.gender ?? 'unknown'}`)} {age === null ? '' : t('age', { count: age })}
            </small>
          </h2>
          <p className="sm-q tk-cut">{maskId(residentIdOf(patient)) || t('m.noId')}</p>
        </div>
        <button type="button" className="tk-btn" onClick={onOther}>
          {t('m.other')}
        </button>
      </div>
      <Last patient={patient} />
    </section>
  );
}

function Last({ patient }: { patient: Patient }): ReactNode {
  const { t } = useTranslation('screening');
  const shell = useTranslation('shell').t;
  const q = useQuery({
    queryKey: ['screening', 'last', patient.id],
    staleTime: 0,
    queryFn: async ({ signal }) => {
      const page = await fhir.search<Observation>(
        'Observation',
        [
          ['subject', `Patient/${patient.id ?? ''}`],
          ['code', `${kLoinc}|${kTemperatureCode}`],
          ['_sort', '-date'],
          ['_count', '5'],
        ],
        signal,
      );
      return page.items.find((o) => o.status !== 'entered-in-error' && temperatureIn(o) !== null) ?? null;
    },
  });
  const value = temperatureIn(q.data ?? undefined);
  const at = parseTime(q.data?.effectiveDateTime);
  const said = symptomsIn(q.data ?? undefined);
  return (
    <p className="sm-last">
      <span className="sm-q">{t('m.last.label')}</span>
      {q.isPending ? (
        <span className="sm-q">{shell('loading')}</span>
      ) : q.isError ? (
        <span>{t('m.last.failed')}</span>
      ) : value === null ? (
        <span>{t('m.last.none')}</span>
      ) : (
        <>
          {at !== null && <span>{momentOf(at, Date.now(), { today: shell('today'), yesterday: shell('yesterday') })}</span>}
          <b>{value.toFixed(1)} ℃</b>
          {said !== null && <span className="tk-cut">{said.length === 0 ? t('m.last.well') : said.map((s) => t(`symptom.${s}`)).join(t('comma'))}</span>}
        </>
      )}
    </p>
  );
}

function Ask({ symptoms, onChange }: { symptoms: Symptom[]; onChange: (s: Symptom[]) => void }): ReactNode {
  const { t } = useTranslation('screening');
  const toggle = (s: Symptom): void => onChange(symptoms.includes(s) ? symptoms.filter((o) => o !== s) : [...symptoms, s]);
  return (
    <section className="sm-ask" aria-labelledby="sm-ask">
      <h3 id="sm-ask">{t('m.ask')}</h3>
      <div className="sm-chips" role="group" aria-labelledby="sm-ask">
        <button type="button" className="sm-chip" aria-pressed={symptoms.length === 0} onClick={() => onChange([])}>
          {t('symptom.none')}
        </button>
        {kSymptoms.map((s) => (
          <button key={s} type="button" className="sm-chip" aria-pressed={symptoms.includes(s)} onClick={() => toggle(s)}>
            {t(`symptom.${s}`)}
          </button>
        ))}
      </div>
    </section>
  );
}

/** Word and shape of the verdict; pressing it tells the rule behind it. */
function VerdictSign(props: { verdict: Verdict; limit: number | null; onWhy: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  const { verdict } = props;
  const limit = props.limit?.toFixed(1) ?? '';
  if (verdict === 'none') {
    return (
      <p className="sm-verdict sm-hint sm-q">
        {t('m.verdict.hint1')}
        <br />
        {t('m.verdict.hint2')}
      </p>
    );
  }
  const icon = { fever: <Severity level="high" size={40} />, fine: <Severity level="fine" size={40} />, symptom: <Severity level="fine" size={40} />, bad: <Icon name="again" size={40} />, unjudged: <Icon name="info" size={40} /> }[verdict];
  return (
    <button type="button" className="sm-verdict" data-v={verdict} onClick={props.onWhy}>
      {icon}
      <span>
        <b>{t(`m.verdict.${verdict}`)}</b>
        <span>{t(`m.verdict.${verdict}Sub`, { limit })}</span>
      </span>
    </button>
  );
}

function Consequence({ verdict, symptoms }: { verdict: Verdict; symptoms: Symptom[] }): ReactNode {
  const { t } = useTranslation('screening');
  const some = symptoms.slice(0, 2).map((s) => t(`symptom.${s}`)).join(t('comma')) + (symptoms.length > 2 ? t('etc') : '');
  return (
    <p className="sm-then" data-v={verdict} role="status">
      {verdict === 'symptom' && <Severity level="caution" size={24} />}
      <span className="sm-then-t">{t(`m.then.${verdict}`, { some, low: celsius(kLowestTenths), high: celsius(kHighestTenths) })}</span>
    </p>
  );
}

function Why({ settings, stale, onClose }: { settings: Settings | null; stale: boolean; onClose: () => void }): ReactNode {
  const { t } = useTranslation('screening');
  return (
    <Dialog sheet title={t('m.why.title')} onClose={onClose}>
      <div className="sm-sheet">
        {settings ? (
          <dl className="sm-facts">
            <dt>{t('m.why.limit')}</dt>
            <dd>{t('m.why.limitValue', { limit: settings.fever_limit_cel.toFixed(1) })}</dd>
            <dt>{t('m.why.source')}</dt>
            <dd>{settings.source}</dd>
            <dt>{t('m.why.edition')}</dt>
            <dd>
              {settings.edition}　{settings.date}
            </dd>
          </dl>
        ) : (
          <p>{t('m.why.unknown')}</p>
        )}
        {settings && stale && <p className="sm-q">{t('m.why.stale')}</p>}
      </div>
    </Dialog>
  );
}
