// Person review: two records side by side, what speaks for and against each field, decided by a person with a reason. The URL holds which review and which pair.
// Keyboard: J and K go from review to review, Y one person, N not, U leaves it for later, R to the reason, V shows what is masked, Z back to the last decision.
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Empty, Failed, Skeleton } from '../../components/states';
import { asFailure, type Failure } from '../../fhir/http';
import { useParam } from '../../shell/router';
import { ForThose } from '../may_not';
import { askQueue, askReview, askSides, decide, type Sides, type Verdict } from './ask';
import { Bar, Consequences, Reason } from './decide';
import { Comparison, Sum } from './evidence';
import { type Pair, pairsOf, type Review } from './model';
import { Queue } from './queue';
import './review.css';

const kQueueMs = 30_000;
const nameOfPair = (pair: Pair): string => `${pair.a}/${pair.b}`;

/** What was decided at this page, for going back to it. */
interface Decided {
  review: string;
  pair: number;
  verdict: Verdict;
}

export default function Page(): ReactNode {
  return (
    <ForThose call="$link" title="review.title">
      <Reviews />
    </ForThose>
  );
}

function Reviews(): ReactNode {
  const { t } = useTranslation('ops');
  const [asked, setAsked] = useParam('review', '');
  const [pairText, setPair] = useParam('pair', '1');
  const [later, setLater] = useState<readonly string[]>([]);
  const [decided, setDecided] = useState<readonly Decided[]>([]);
  const queue = useQuery({ queryKey: ['reviews', 'queue'], queryFn: ({ signal }) => askQueue(signal), refetchInterval: kQueueMs });
  const all = queue.data?.reviews ?? [];
  const inOrder = [...all.filter((r) => !later.includes(r.id)), ...all.filter((r) => later.includes(r.id))];
  const id = asked || inOrder[0]?.id || '';
  const open = useCallback((next: string, pair = 1) => { setAsked(next, 'replace'); setPair(String(pair), 'replace'); }, [setAsked, setPair]);
  const step = (by: number): void => {
    const at = inOrder.findIndex((r) => r.id === id);
    const next = inOrder[Math.min(Math.max(at + by, 0), inOrder.length - 1)];
    if (next) open(next.id);
  };
  const after = (): string => inOrder.filter((r) => r.id !== id && !later.includes(r.id))[0]?.id ?? inOrder.find((r) => r.id !== id)?.id ?? '';
  return (
    <main id="main" className="rv" tabIndex={-1}>
      <Queue queue={queue.data} rows={inOrder} later={later} current={id} failure={queue.error ? asFailure(queue.error) : null} onOpen={(next) => open(next)} onAgain={() => void queue.refetch()} />
      <section className="rv-work" aria-label={t('review.one')}>
        {queue.isPending && <Skeleton lines={9} />}
        {queue.data && !id && (
          <Empty icon="check" title={t('review.none')}>
            <p className="tk-sub">{t('review.noneHint')}</p>
          </Empty>
        )}
        {id && (
          <One
            key={id}
            id={id}
            pairAt={Number(pairText) || 1}
            decided={decided}
            onPair={(n) => setPair(String(n), 'replace')}
            onStep={step}
            onLater={() => { const next = after(); setLater([...later.filter((x) => x !== id), id]); if (next) open(next); }}
            onDecided={(one, over) => { setDecided([...decided, one]); if (over) open(after()); }}
            onBack={() => { const last = decided.at(-1); if (last) { setDecided(decided.slice(0, -1)); open(last.review, last.pair); } }}
          />
        )}
      </section>
    </main>
  );
}

interface OneProps {
  id: string;
  pairAt: number;
  decided: readonly Decided[];
  onPair: (n: number) => void;
  onStep: (by: number) => void;
  onLater: () => void;
  onDecided: (one: Decided, over: boolean) => void;
  onBack: () => void;
}

function One(p: OneProps): ReactNode {
  const review = useQuery({ queryKey: ['reviews', 'one', p.id], queryFn: ({ signal }) => askReview(p.id, signal), staleTime: 0 });
  if (review.error) return <Failed failure={asFailure(review.error)} onRetry={() => void review.refetch()} />;
  if (!review.data) return <Skeleton lines={9} />;
  return <PairOf {...p} review={review.data} />;
}

function PairOf(p: OneProps & { review: Review }): ReactNode {
  const { t } = useTranslation('ops');
  const pairs = pairsOf(p.review);
  const n = Math.min(Math.max(1, p.pairAt), pairs.length);
  const pair = pairs[n - 1] as Pair;
  const sides = useQuery({ queryKey: ['reviews', 'sides', nameOfPair(pair)], queryFn: ({ signal }) => askSides(pair, signal), staleTime: 0 });
  return (
    <>
      {pairs.length > 1 && (
        <div className="rv-pairs" role="group" aria-label={t('review.pairs')}>
          {pairs.map((one, i) => (
            <button key={nameOfPair(one)} type="button" className="tk-btn tk-s" aria-pressed={i + 1 === n} onClick={() => p.onPair(i + 1)}>
              {t('review.pair', { n: i + 1, of: pairs.length })}
            </button>
          ))}
        </div>
      )}
      {sides.error && <Failed failure={asFailure(sides.error)} onRetry={() => void sides.refetch()} />}
      {!sides.error && !sides.data && <Skeleton lines={9} />}
      {!sides.error && sides.data && <Deciding key={nameOfPair(pair)} {...p} pair={pair} n={n} pairs={pairs} sides={sides.data} />}
    </>
  );
}

/** What may be said now: of what is settled only the opposite. */
function maySay(review: Review, sides: Sides): Record<Verdict, boolean> {
  if (!sides.evidence) return { same: review.open, apart: review.open };
  const { same, apart } = sides.evidence;
  if (review.open) return { same: true, apart: !apart };
  return { same: apart || !same, apart: same };
}

interface Held {
  whole: boolean;
  setWhole: (whole: boolean) => void;
  reason: string;
  setReason: (reason: string) => void;
  wanting: boolean;
  busy: boolean;
  failure: Failure | null;
  say: (verdict: Verdict) => Promise<void>;
  box: React.RefObject<HTMLTextAreaElement | null>;
  may: Record<Verdict, boolean>;
}

function useDeciding(p: OneProps & { review: Review; pair: Pair; n: number; pairs: Pair[]; sides: Sides }): Held {
  const queries = useQueryClient();
  const [whole, setWhole] = useState(false);
  const [reason, setReason] = useState('');
  const [wanting, setWanting] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const box = useRef<HTMLTextAreaElement>(null);
  const may = maySay(p.review, p.sides);
  const say = async (verdict: Verdict): Promise<void> => {
    if (busy || !may[verdict]) return;
    if (reason.trim() === '') {
      setWanting(true);
      return box.current?.focus();
    }
    setBusy(true);
    setFailure(null);
    try {
      await decide(p.pair, verdict, reason.trim());
      const now = await askReview(p.id).catch(() => null);
      await queries.invalidateQueries({ queryKey: ['reviews'] });
      const over = now === null || !now.open;
      p.onDecided({ review: p.id, pair: p.n, verdict }, over && p.review.open);
      if (!over && p.n < p.pairs.length) p.onPair(p.n + 1);
      setReason('');
    } catch (e) {
      setFailure(asFailure(e));
    } finally {
      setBusy(false);
    }
  };
  const setReasonHere = (text: string): void => {
    setReason(text);
    setWanting(false);
  };
  return { whole, setWhole, reason, setReason: setReasonHere, wanting, busy, failure, say, box, may };
}

function Deciding(p: OneProps & { review: Review; pair: Pair; n: number; pairs: Pair[]; sides: Sides }): ReactNode {
  const held = useDeciding(p);
  const { sides, review } = p;
  useKeys({
    y: () => void held.say('same'), n: () => void held.say('apart'), u: p.onLater, z: p.onBack, j: () => p.onStep(1), k: () => p.onStep(-1),
    r: () => held.box.current?.focus(), v: () => held.setWhole(!held.whole),
  });
  return (
    <>
      <div className="rv-scroll">
        <Sum sides={sides} review={review} />
        <Comparison sides={sides} whole={held.whole} onWhole={held.setWhole} />
        <div className="rv-below">
          <Consequences sides={sides} review={review} />
          <Reason box={held.box} text={held.reason} wanting={held.wanting} onText={held.setReason} />
        </div>
      </div>
      <Bar held={held} one={sides.evidence === null} canGoBack={p.decided.length > 0} last={p.decided.at(-1)?.verdict ?? null} onLater={p.onLater} onBack={p.onBack} />
    </>
  );
}

/** Single keys, unless somebody types or a dialog is open; Esc leaves the field. */
function useKeys(keys: Record<string, () => void>): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const listen = (e: KeyboardEvent): void => {
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented) return;
      const at = e.target as HTMLElement;
      if (e.key === 'Escape') return at.closest('textarea') ? at.blur() : undefined;
      if (at.closest('input, textarea, select, dialog')) return;
      const act = latest.current[e.key.toLowerCase()];
      if (!act) return;
      e.preventDefault();
      act();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}
export type { Held };
