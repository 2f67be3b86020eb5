// FHIR browser: the types that the server offers and the post may read, a search with what the server says of its parameters, one resource with its elements, its
// versions and what it is found wrong with. The URL holds type and id; what is searched for may be personal and stays out of it.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { List } from '../../components/list/list';
import { fhirSource } from '../../components/list/fhir_source';
import type { Column } from '../../components/list/model';
import { QuestionnaireForm } from '../../components/form/form';
import type { Questionnaire } from '../../components/form/model';
import { Elements, History } from '../../components/resource/detail';
import { Icon } from '../../components/icon';
import { Empty, Failed, Skeleton } from '../../components/states';
import { asFailure } from '../../fhir/http';
import { clockOf, dayOf, parseTime } from '../../fhir/time';
import type { OperationOutcome, Resource } from '../../fhir/types';
import { useParam } from '../../shell/router';
import { fhir, http, may, useSession } from '../../shell/session';
import '../words';
import { askTypes, type Criterion, paramsOf, readable, summaryOf, type TypeOffered } from './capabilities';
import { Criteria } from './criteria';
import { Pasted } from './pasted';
import './fhir.css';

export default function FhirBrowser(): ReactNode {
  const { t } = useTranslation('ops');
  const session = useSession();
  const [type, setType] = useParam('type', '');
  const [id, setId] = useParam('id', '');
  const [paste, setPaste] = useParam('paste', '');
  const asked = useQuery({ queryKey: ['fhir-types'], queryFn: ({ signal }) => askTypes(signal) });
  const types = useMemo(() => readable(session, asked.data ?? []), [session, asked.data]);
  const offered = types.find((one) => one.type === type);
  return (
    <main id="main" className="fb" data-open={id !== ''} tabIndex={-1}>
      <Types types={types} current={type} onOpen={(next) => { setType(next); setId('', 'replace'); setPaste('', 'replace'); }} onPaste={may(session, 'call', '$validate') ? () => { setPaste('1'); setId('', 'replace'); } : undefined} />
      <div className="fb-list">
        {paste !== '' && <Pasted onClose={() => setPaste('')} />}
        {asked.isPending && <Skeleton lines={9} />}
        {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
        {asked.data && !offered && paste === '' && (
          <Empty icon="info" title={t(types.length === 0 ? 'fhir.nothing' : 'fhir.pick')}>
            <p className="tk-sub">{t('fhir.pickHint')}</p>
          </Empty>
        )}
        {offered && paste === '' && <Found key={type} offered={offered} current={id} onOpen={(r) => setId(r.id ?? '', id ? 'replace' : 'push')} onClose={() => setId('')} />}
      </div>
      {offered && id && <One key={`${type}/${id}`} type={type} id={id} onClose={() => setId('')} />}
    </main>
  );
}

function Types({ types, current, onOpen, onPaste }: { types: TypeOffered[]; current: string; onOpen: (type: string) => void; onPaste: (() => void) | undefined }): ReactNode {
  const { t } = useTranslation('ops');
  const [text, setText] = useState('');
  const shown = types.filter((one) => one.type.toLowerCase().includes(text.trim().toLowerCase()));
  return (
    <section className="fb-types" aria-label={t('fhir.types')}>
      <h1>{t('fhir.title')}</h1>
      <label className="tk-vh" htmlFor="fb-type">
        {t('fhir.findType')}
      </label>
      <input id="fb-type" type="search" className="tk-input" placeholder={t('fhir.findType')} autoComplete="off" value={text} onChange={(e) => setText(e.target.value)} />
      <ul tabIndex={-1}>
        {shown.map((one) => (
          <li key={one.type}>
            <button type="button" aria-current={one.type === current ? 'true' : undefined} onClick={() => onOpen(one.type)}>
              {one.type}
            </button>
          </li>
        ))}
      </ul>
      <p className="tk-sub" role="status">
        {t('fhir.typeCount', { count: shown.length })}
      </p>
      {onPaste && (
        <div className="fb-more">
          <button type="button" className="tk-btn" onClick={onPaste}>
            {t('fhir.paste')}
          </button>
        </div>
      )}
    </section>
  );
}

const written = (r: Resource): string => {
  const at = parseTime(r.meta?.lastUpdated);
  return at === null ? '' : `${dayOf(at)} ${clockOf(at, true)}`;
};

function Found({ offered, current, onOpen, onClose }: { offered: TypeOffered; current: string; onOpen: (r: Resource) => void; onClose: () => void }): ReactNode {
  const { t } = useTranslation('ops');
  const [criteria, setCriteria] = useState<Criterion[]>([]);
  const params = useMemo(() => paramsOf(offered), [offered]);
  const source = useMemo(() => {
    const made = fhirSource<Resource>(fhir, { type: offered.type, params: () => criteria.map((c) => [c.name, c.value]) });
    return { ...made, key: [...made.key, JSON.stringify(criteria)] };
  }, [offered.type, criteria]);
  const columns: Column<Resource>[] = [
    { id: 'id', title: t('fhir.id'), cell: (r) => r.id, text: (r) => r.id ?? '', fixed: true, width: 180, sort: '_id', sortMax: kReadMax },
    { id: 'summary', title: t('fhir.summary'), cell: summaryOf, text: summaryOf },
    { id: 'version', title: t('fhir.version'), cell: (r) => r.meta?.versionId, text: (r) => r.meta?.versionId ?? '', width: 72, narrow: true },
    { id: 'written', title: t('fhir.written'), cell: written, text: written, width: 148, sort: '_lastUpdated', narrow: true },
  ];
  return (
    <List
      id={`fhir-${offered.type}`} title={offered.type} source={source} columns={columns} rowId={(r) => r.id ?? ''} rowLabel={(r) => r.id ?? ''} current={current} onOpen={onOpen} onClose={onClose}
      actions={<Criteria params={params} criteria={criteria} onChange={setCriteria} />} empty={{ icon: 'info', title: t(criteria.length > 0 ? 'fhir.noneFits' : 'fhir.none') }} file={offered.type}
    />
  );
}

/** Resources whose texts the server reads for an order in a moment. */
const kReadMax = 20_000;

const kParts = ['elements', 'history', 'check', 'try', 'json'] as const;

function One({ type, id, onClose }: { type: string; id: string; onClose: () => void }): ReactNode {
  const { t } = useTranslation('ops');
  const session = useSession();
  const [asked, setPart] = useParam('part', 'elements');
  const offered = kParts.filter((one) => (one !== 'check' || may(session, 'call', '$validate')) && (one !== 'try' || type === 'Questionnaire'));
  const part = offered.find((one) => one === asked) ?? 'elements';
  const one = useQuery({ queryKey: ['fhir', type, id], queryFn: ({ signal }) => fhir.read<Resource>(type, id, signal), staleTime: 0 });
  return (
    <section className="fb-one" aria-label={`${type}/${id}`}>
      <header>
        <h2 className="tk-cut">{`${type}/${id}`}</h2>
        <button type="button" className="tk-ib" aria-label={t('close', { ns: 'shell' })} onClick={onClose}>
          <Icon name="close" size={18} />
        </button>
      </header>
      <div className="fb-parts" role="group" aria-label={t('fhir.parts')}>
        {offered.map((each) => (
          <button key={each} type="button" aria-pressed={each === part} onClick={() => setPart(each, 'replace')}>
            {t(`fhir.part.${each}`)}
          </button>
        ))}
      </div>
      <div className="fb-in" tabIndex={-1}>
        {one.error && <Failed failure={asFailure(one.error)} onRetry={() => void one.refetch()} />}
        {!one.data && !one.error && <Skeleton lines={8} />}
        {one.data && part === 'elements' && <Elements resource={one.data} />}
        {one.data && part === 'history' && <History type={type} id={id} />}
        {one.data && part === 'check' && <Checked resource={one.data} />}
        {one.data && part === 'try' && <Tried questionnaire={one.data as Questionnaire} />}
        {one.data && part === 'json' && <pre tabIndex={0}>{JSON.stringify(one.data, null, 2)}</pre>}
      </div>
    </section>
  );
}

/** A form as those will see it who fill it in. Nothing leaves: what would be sent is shown. */
function Tried({ questionnaire }: { questionnaire: Questionnaire }): ReactNode {
  const { t } = useTranslation('ops');
  const [sent, setSent] = useState<object | null>(null);
  return (
    <>
      <p className="tk-sub">{t('fhir.tryHint')}</p>
      <QuestionnaireForm questionnaire={questionnaire} draft={`try.${questionnaire.id}`} send={t('fhir.trySend')} onSend={async (response) => setSent(response)} />
      {sent && (
        <>
          <h3>{t('fhir.trySent')}</h3>
          <pre tabIndex={0}>{JSON.stringify(sent, null, 2)}</pre>
        </>
      )}
    </>
  );
}

const kGravity = { fatal: 'fatal', error: 'error', warning: 'warning', information: 'information' } as const;

/** What the server finds wrong with it as it is stored. */
function Checked({ resource }: { resource: Resource }): ReactNode {
  const { t } = useTranslation('ops');
  const asked = useQuery({
    queryKey: ['validate', resource.resourceType, resource.id, resource.meta?.versionId],
    queryFn: async ({ signal }) => (await http.send<OperationOutcome>('POST', `/fhir/${resource.resourceType}/${encodeURIComponent(resource.id ?? '')}/$validate`, { headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(resource), signal })).body,
    retry: false,
  });
  if (asked.error) return <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />;
  if (asked.isPending) return <Skeleton lines={4} />;
  return (
    <ul className="fb-issues">
      {(asked.data?.issue ?? []).map((issue, i) => (
        <li key={i}>
          <b>{t(`fhir.gravity.${kGravity[issue.severity as keyof typeof kGravity] ?? 'information'}`)}</b>
          <span className="tk-sub">{issue.expression?.join(', ')}</span>
          <p>{issue.details?.text ?? issue.diagnostics}</p>
        </li>
      ))}
    </ul>
  );
}
