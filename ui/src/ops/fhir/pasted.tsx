// A resource that was pasted, checked by the server ($validate) without being kept: what is found wrong, with the line; a finding leads to its place in the text.
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Icon, Severity } from '../../components/icon';
import { useFailureText } from '../../components/states';
import { asFailure } from '../../fhir/http';
import type { OperationOutcome } from '../../fhir/types';
import { http } from '../../shell/session';
import { type Place, placeOf, placeSaid } from './place';

interface Finding {
  gravity: 'fatal' | 'error' | 'warning' | 'information';
  element: string;
  text: string;
  place: Place | null;
}

const kGravities = ['fatal', 'error', 'warning', 'information'] as const;
const kLevels = { fatal: 'high', error: 'high', warning: 'caution', information: 'notice' } as const;

function findingsOf(text: string, outcome: OperationOutcome | null): Finding[] {
  const found = (outcome?.issue ?? []).map((issue): Finding => {
    const element = issue.expression?.[0] ?? '';
    return { gravity: kGravities.find((one) => one === issue.severity) ?? 'information', element, text: issue.details?.text ?? issue.diagnostics ?? '', place: placeOf(text, element) };
  });
  return found.sort((a, b) => kGravities.indexOf(a.gravity) - kGravities.indexOf(b.gravity));
}

/** "" where the text names no type. */
const typeIn = (text: string): string => /"resourceType"\s*:\s*"([A-Z]\w*)"/.exec(text)?.[1] ?? '';

async function validate(text: string, profile: string, refused: (text: string) => string): Promise<Finding[]> {
  const query = profile === '' ? '' : `?${new URLSearchParams({ profile })}`;
  try {
    const told = await http.send<OperationOutcome>('POST', `/fhir/${typeIn(text)}/$validate${query}`, { headers: { 'Content-Type': 'application/fhir+json' }, body: text });
    return findingsOf(text, told.body);
  } catch (e) {
    const failure = asFailure(e);
    if (failure.kind !== 'refused') throw failure;
    return [{ gravity: 'fatal', element: failure.path, text: failure.text || refused(failure.text), place: placeSaid(text, failure.text) ?? placeOf(text, failure.path) }];
  }
}

export function Pasted({ onClose }: { onClose: () => void }): ReactNode {
  const { t } = useTranslation('ops');
  const failureText = useFailureText();
  const [text, setText] = useState('');
  const [profile, setProfile] = useState('');
  const [found, setFound] = useState<Finding[] | null>(null);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const go = async (): Promise<void> => {
    setFound(null);
    setProblem(typeIn(text) === '' ? t('fhir.pasteNoType') : '');
    if (typeIn(text) === '') return area.current?.focus();
    setBusy(true);
    try {
      setFound(await validate(text, profile.trim(), () => t('fhir.pasteRefused')));
    } catch (e) {
      setProblem(failureText(asFailure(e)));
    } finally {
      setBusy(false);
    }
  };
  const show = (place: Place): void => {
    const field = area.current;
    if (!field) return;
    field.focus();
    field.setSelectionRange(place.begin, place.end);
    field.scrollTop = Math.max(0, (field.scrollHeight / Math.max(1, text.split('\n').length)) * (place.line - 4));
  };
  return (
    <section className="fb-paste" aria-label={t('fhir.paste')}>
      <header>
        <h2>{t('fhir.paste')}</h2>
        <p className="tk-sub">{t('fhir.pasteHint')}</p>
        <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      <form onSubmit={(e) => { e.preventDefault(); void go(); }}>
        <label className="tk-vh" htmlFor="fb-text">
          {t('fhir.pasteText')}
        </label>
        <textarea id="fb-text" ref={area} spellCheck={false} placeholder={'{ "resourceType": "Patient", … }'} value={text} onChange={(e) => { setText(e.target.value); setFound(null); }} />
        <div className="fb-paste-do">
          <label htmlFor="fb-profile">{t('fhir.profile')}</label>
          <input id="fb-profile" className="tk-input" autoComplete="off" placeholder={t('fhir.profileHint')} value={profile} onChange={(e) => setProfile(e.target.value)} />
          <button type="submit" className="tk-btn tk-pri" disabled={busy}>
            {t('fhir.pasteGo')}
          </button>
        </div>
      </form>
      {problem !== '' && (
        <p className="tk-problem" role="alert">
          {problem}
        </p>
      )}
      {found && <Findings found={found} onShow={show} />}
    </section>
  );
}

function Findings({ found, onShow }: { found: Finding[]; onShow: (place: Place) => void }): ReactNode {
  const { t } = useTranslation('ops');
  const bad = found.filter((one) => one.gravity === 'error' || one.gravity === 'fatal').length;
  return (
    <div className="fb-found">
      <p role="status">
        <Severity level={bad === 0 ? 'fine' : 'high'} size={20} />
        <b>{bad === 0 ? t('fhir.pasteGood') : t('fhir.pasteBad', { count: bad })}</b>
      </p>
      <ul>
        {found.map((one, i) => (
          <li key={i}>
            <span className="fb-gravity">
              <Severity level={kLevels[one.gravity]} size={16} />
              {t(`fhir.gravity.${one.gravity}`)}
            </span>
            {one.place ? (
              <button type="button" className="tk-btn tk-quiet tk-s" onClick={() => one.place && onShow(one.place)}>
                {t('fhir.line', { line: one.place.line })}
              </button>
            ) : (
              <span />
            )}
            <div>
              <small>{one.element}</small>
              <p>{one.text}</p>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
