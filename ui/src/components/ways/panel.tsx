// What may be done with a record now: a button for each way that is open, with its number key; what is not, and what is missing; a step that can be taken back.
// A way that asks for a reason or for more opens a dialog; a refusal of the program stands where the step was asked for.
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { asFailure, type Failure } from '../../fhir/http';
import type { Resource } from '../../fhir/types';
import { fhir, http, useSession } from '../../shell/session';
import { Icon } from '../icon';
import { Skeleton, useFailureText } from '../states';
import '../words';
import { AskWay } from './ask';
import { asks, askWays, lockedIn, type Part, saidIn, spokenIn, type Way } from './ways';
import './ways.css';

export interface WaysProps<R extends Resource> {
  record: R;
  /** Codes of ways of the platform's own of which it is told what they wait for: a release. */
  told?: readonly string[];
  /** Words of an input's codes; without: as the workflow writes them. */
  codeWords?: (input: string, code: string) => string;
  /** Ways that the page offers by itself. */
  without?: readonly string[];
  onMoved: (record: R) => void;
  onConflict?: () => void; // it was changed meanwhile: read it again
  more?: ReactNode; // deeds of the page that are no ways of the workflow
}

/** A refusal in the reader's language where the guard has one. */
export function useRefusal(): (failure: Failure) => string {
  const text = useFailureText();
  const { i18n } = useTranslation();
  return (failure) => (failure.kind === 'refused' && failure.text !== '' ? spokenIn(failure.text, i18n.language) : text(failure));
}

export function WaysPanel<R extends Resource>(p: WaysProps<R>): ReactNode {
  const { t, i18n } = useTranslation('parts');
  const session = useSession();
  const queries = useQueryClient();
  const refusal = useRefusal();
  const { record } = p;
  const [asking, setAsking] = useState<Way | null>(null);
  const [busy, setBusy] = useState('');
  const [failure, setFailure] = useState<Failure | null>(null);
  const asked = useQuery({
    queryKey: ['ways', record.resourceType, record.id, record.meta?.versionId, session.account],
    staleTime: 0,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => askWays(http, record.resourceType, record.id ?? '', signal),
  });
  const go = async (code: string, reason: string, inputs: Record<string, Part & Record<string, unknown>>): Promise<void> => {
    if (busy !== '') return;
    setBusy(code);
    setFailure(null);
    try {
      const moved = await fhir.transition<R>(record, code, reason, inputs);
      setAsking(null);
      p.onMoved(moved);
    } catch (e) {
      const failed = asFailure(e);
      setFailure(failed);
      if (failed.kind === 'conflict' || failed.kind === 'missing') p.onConflict?.();
    } finally {
      setBusy('');
      void queries.invalidateQueries({ queryKey: ['steps', record.resourceType, record.id] });
    }
  };
  const open = (asked.data?.ways ?? []).filter((w) => w.may && !p.without?.includes(w.code));
  const start = (way: Way): void => {
    setFailure(null);
    if (asks(way)) setAsking(way);
    else void go(way.code, '', {});
  };
  useNumberKeys(open.map((way) => () => start(way)));
  return (
    <section className="wy" aria-label={t('ways.title')} aria-busy={asked.isPending || busy !== ''}>
      {asked.isPending && <Skeleton lines={2} />}
      {asked.error && <p className="tk-sub">{refusal(asFailure(asked.error))}</p>}
      {(open.length > 0 || p.more) && (
        <div className="wy-open">
          {open.map((way, i) => (
            <button key={way.code} type="button" className={i === 0 ? 'tk-btn tk-pri' : 'tk-btn'} aria-disabled={busy !== ''} onClick={() => start(way)}>
              {saidIn(way.title, i18n.language)}
              {i < 9 && <kbd>{i + 1}</kbd>}
            </button>
          ))}
          {p.more}
        </div>
      )}
      {asked.data && open.length === 0 && !p.more && <p className="tk-sub">{t('ways.none')}</p>}
      {asked.data && lockedIn(asked.data, session.post, p.told ?? []).map((way) => <Locked key={way.code} way={way} />)}
      {asked.data?.undoMs != null && asked.data.undoMs > Date.now() && (
        <button type="button" className="tk-btn tk-quiet tk-s wy-undo" aria-disabled={busy !== ''} onClick={() => void go('undo', '', {})}>
          {t('ways.undo')}
        </button>
      )}
      <div role="alert">{failure && !asking && <p className="tk-note-ink">{refusal(failure)}</p>}</div>
      {asking && <AskWay way={asking} busy={busy !== ''} problem={failure ? refusal(failure) : ''} codeWords={p.codeWords} onGo={(reason, inputs) => void go(asking.code, reason, inputs)} onClose={() => setAsking(null)} />}
    </section>
  );
}

/** Not now, and why: each thing that is missing stands by itself. */
function Locked({ way }: { way: Way }): ReactNode {
  const { t, i18n } = useTranslation('parts');
  return (
    <div className="wy-locked">
      <Icon name="lock" size={14} />
      <p>
        <b>{saidIn(way.title, i18n.language)}</b> {t(way.posts.every((post) => post === 'platform') ? 'ways.byRule' : 'ways.notNow')}
      </p>
      <ul>
        {way.unmet.map((said) => (
          <li key={said.zh}>{saidIn(said, i18n.language)}</li>
        ))}
      </ul>
    </div>
  );
}

/** 1 to 9, while nobody types and no dialog is open. */
function useNumberKeys(acts: (() => void)[]): void {
  const latest = useRef(acts);
  latest.current = acts;
  useLayoutEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.metaKey || e.altKey || (e.target as HTMLElement).closest('input, textarea, select, dialog')) return;
      const act = /^[1-9]$/.test(e.key) ? latest.current[Number(e.key) - 1] : undefined;
      if (!act) return;
      e.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
