// The page of whoever scans: a field that always has the focus, since hand scanners type; the verdict large, in colour, shape and words.
// Without network it says so, and what it then cannot know.
import { useQuery } from '@tanstack/react-query';
import { useRef, useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CameraScan, canScan } from '@tk/components/camera_scan';
import { Icon, Severity } from '@tk/components/icon';
import { Empty, useFailureText } from '@tk/components/states';
import { asFailure, type Failure } from '@tk/fhir/http';
import { clockOf, parseTime } from '@tk/fhir/time';
import { useParam } from '@tk/shell/router';
import { may, postOf, useSession } from '@tk/shell/session';
import { askPurposes, type Purpose } from '../ask';
import type { Verdict } from '../verify/code';
import '../words';
import './check.css';
import { checkCode, fetchList, type Kept, type Outcome, remembered } from './checker';

const kListEveryMs = 5 * 60_000;
const kRecentMax = 6;

type Shown = { kind: 'waiting' } | { kind: 'busy' } | { kind: 'failed'; failure: Failure } | { kind: 'done'; outcome: Outcome; atMs: number };

export default function HealthCardCheck(): ReactNode {
  const { t, i18n } = useTranslation('health-card');
  const session = useSession();
  if (may(session, 'call', 'health-card-verify')) return <Check />;
  return (
    <main id="main" className="hv" tabIndex={-1}>
      <Empty icon="lock" title={t('check.mayNot.title')}>
        <p className="tk-sub">{t('check.mayNot.hint', { post: postOf(session, i18n.language) })}</p>
      </Empty>
    </main>
  );
}

function Check(): ReactNode {
  const { t, i18n } = useTranslation('health-card');
  const purposes = useQuery({ queryKey: ['health-card-purposes'], queryFn: askPurposes, staleTime: Infinity });
  const list = useQuery({ queryKey: ['health-card-list'], queryFn: fetchList, refetchInterval: kListEveryMs });
  const [kept] = useState<Kept | null>(remembered);
  const [code, setPurpose] = useParam('for', 'registration');
  const [text, setText] = useState('');
  const [shown, setShown] = useState<Shown>({ kind: 'waiting' });
  const [recent, setRecent] = useState<{ atMs: number; verdict: Verdict; name: string }[]>([]);
  const [camera, setCamera] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const bundle = list.data ?? kept;
  const purpose: Purpose = purposes.data?.find((p) => p.code === code) ?? { code, 'zh-CN': code, en: code };

  const run = async (scanned: string): Promise<void> => {
    if (scanned.trim() === '') return;
    setText('');
    setShown({ kind: 'busy' });
    try {
      const outcome = await checkCode(scanned, purpose, bundle);
      const atMs = Date.now();
      setShown({ kind: 'done', outcome, atMs });
      const verdict = verdictOf(outcome);
      if (verdict) setRecent((all) => [{ atMs, verdict, name: outcome.how === 'online' ? (outcome.checked.name ?? '') : '' }, ...all].slice(0, kRecentMax));
    } catch (e) {
      setShown({ kind: 'failed', failure: asFailure(e) });
    }
    field.current?.focus();
  };
  const submit = (e: FormEvent): void => {
    e.preventDefault();
    void run(text);
  };

  return (
    <main id="main" className="hv" tabIndex={-1}>
      <h1>{t('check.title')}</h1>
      <form className="hv-ask" onSubmit={submit}>
        <fieldset className="hv-for">
          <legend>{t('check.purpose')}</legend>
          {(purposes.data ?? [purpose]).map((p) => (
            <label key={p.code} data-on={p.code === code}>
              <input type="radio" name="for" value={p.code} checked={p.code === code} onChange={() => setPurpose(p.code, 'replace')} />
              {i18n.language === 'en' ? p.en : p['zh-CN']}
            </label>
          ))}
        </fieldset>
        <div className="tk-field hv-code">
          <label htmlFor="hv-code">{t('check.input')}</label>
          <input ref={field} id="hv-code" className="tk-input" value={text} onChange={(e) => setText(e.target.value)} autoFocus autoComplete="off" autoCapitalize="characters" spellCheck={false} aria-describedby="hv-hint" />
          <span id="hv-hint" className="tk-sub">
            {t('check.inputHint')}
          </span>
        </div>
        <div className="hv-acts">
          <button type="submit" className="tk-btn tk-pri">
            {t('check.go')}
          </button>
          {canScan() ? (
            <button type="button" className="tk-btn" aria-pressed={camera} onClick={() => setCamera(!camera)}>
              {t(camera ? 'check.cameraStop' : 'check.camera')}
            </button>
          ) : (
            <span className="tk-sub">{t('check.cameraNone')}</span>
          )}
        </div>
        {camera && <CameraScan onCode={(found) => void run(found)} />}
      </form>
      <Result shown={shown} bundle={bundle} />
      <Recent rows={recent} />
      <p className="tk-sub hv-ready">{bundle && t('check.offlineReady', { time: timeOf(bundle.bundle.issued), count: bundle.bundle.cards })}</p>
    </main>
  );
}

const timeOf = (iso: string): string => clockOf(parseTime(iso) ?? 0);

function verdictOf(outcome: Outcome): Verdict | null {
  if (outcome.how === 'none') return null;
  return outcome.how === 'online' ? outcome.checked.verdict : outcome.verdict;
}

/** Red for what must not be accepted at all, amber for what another code or another try can mend. */
export function levelOf(verdict: Verdict): 'fine' | 'high' | 'caution' {
  if (verdict === 'valid') return 'fine';
  return ['forged', 'lost', 'replaced', 'closed', 'unknown-card', 'unknown-key'].includes(verdict) ? 'high' : 'caution';
}

function Result({ shown, bundle }: { shown: Shown; bundle: Kept | null }): ReactNode {
  const { t } = useTranslation('health-card');
  const failureText = useFailureText();
  if (shown.kind === 'failed') {
    return (
      <section className="hv-result" role="alert">
        <Icon name="info" size={56} />
        <div>
          <b className="hv-word">{failureText(shown.failure)}</b>
        </div>
      </section>
    );
  }
  if (shown.kind !== 'done') {
    return (
      <section className="hv-result" role="status">
        <Icon name="phone" size={56} />
        <div>
          <b className="hv-word">{t(shown.kind === 'busy' ? 'check.checking' : 'check.waiting')}</b>
          <p>{t('check.waitingHint')}</p>
        </div>
      </section>
    );
  }
  const { outcome } = shown;
  const verdict = verdictOf(outcome);
  if (outcome.how === 'none' || verdict === null) {
    return (
      <section className="hv-result" role="alert">
        <Icon name="offline" size={56} />
        <div>
          <b className="hv-word">{t('check.offline')}</b>
          <p>{t('check.offlineNone')}</p>
        </div>
      </section>
    );
  }
  const checked = outcome.how === 'online' ? outcome.checked : null;
  const blind = verdict === 'valid' && !checked; // good as far as can be known without network
  return (
    <section className="hv-result" data-level={levelOf(verdict)} role="alert" key={shown.atMs}>
      <Severity level={levelOf(verdict)} size={72} />
      <div>
        <b className="hv-word">{blind ? t('check.offlineValid') : t(`check.verdict.${verdict}`)}</b>
        {checked?.name && <p className="hv-name">{checked.name}</p>}
        <p>{blind ? t('check.offlineValidDo') : t(`check.do.${verdict}`)}</p>
        <p className="hv-how">
          {outcome.how === 'offline' && <Icon name="offline" size={20} />}
          <span>
            {t(outcome.how === 'online' ? 'check.online' : 'check.offline')} {clockOf(shown.atMs, true)}
            {checked?.kind && ` · ${t(`card.kind.${checked.kind}`)}`}
          </span>
        </p>
        {outcome.how === 'offline' && (
          <p className="tk-note-ink">
            {verdict === 'stale-list' ? t('check.offlineStale', { time: timeOf(bundle?.bundle.until ?? '') }) : t('check.offlineHint', { time: timeOf(outcome.listed) })}
          </p>
        )}
      </div>
    </section>
  );
}

function Recent({ rows }: { rows: { atMs: number; verdict: Verdict; name: string }[] }): ReactNode {
  const { t } = useTranslation('health-card');
  if (rows.length < 2) return null;
  return (
    <section className="hv-recent">
      <h2>{t('check.recent')}</h2>
      <ol>
        {rows.slice(1).map((row) => (
          <li key={row.atMs}>
            <Severity level={levelOf(row.verdict)} size={16} />
            <span>{clockOf(row.atMs, true)}</span>
            <span>{t(`check.verdict.${row.verdict}`)}</span>
            <span>{row.name}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
