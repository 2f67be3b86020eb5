// The chain from one person: drawn, and beside it the same as a table; one node opened with its next step. How far and in which direction stands in the URL.
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { type DrawnEdge, type DrawnNode, Graph, useGeneration } from '@tk/components/graph/graph';
import { Failed, Skeleton } from '@tk/components/states';
import { idOf } from '@tk/fhir/client';
import { asFailure } from '@tk/fhir/http';
import type { Patient } from '@tk/fhir/types';
import { peopleOf } from '@tk/person/people';
import { usePersonText } from '@tk/person/person_cell';
import { RecordLink } from '@tk/shell/record_link';
import { useParam } from '@tk/shell/router';
import { fhir } from '@tk/shell/session';
import { askChain } from './ask';
import { type Chain, type ChainNode, lookOf } from './model';

const kDirections = ['both', 'out', 'in'] as const;
const kDepths = [1, 2, 3, 5, 10];
const kDepth = '3';

interface Seen {
  chain: Chain;
  people: Map<string, Patient>;
}

export function ChainView({ patient }: { patient: string }): ReactNode {
  const { t } = useTranslation('contacts');
  const [direction, setDirection] = useParam('way', 'both');
  const [depth, setDepth] = useParam('depth', kDepth);
  const steps = kDepths.includes(Number(depth)) ? Number(depth) : Number(kDepth);
  const way = kDirections.find((one) => one === direction) ?? 'both';
  const asked = useQuery({
    queryKey: ['contacts', 'chain', patient, way, steps], staleTime: 0,
    queryFn: async ({ signal }): Promise<Seen> => {
      const chain = await askChain(patient, way, steps, signal);
      return { chain, people: await peopleOf(fhir, chain.nodes.map((n) => idOf('Patient', n.patient)), signal) };
    },
  });
  return (
    <div className="ct-chain">
      <div className="ct-tools">
        <label>
          {t('direction')}
          <select className="tk-input" value={way} onChange={(e) => setDirection(e.target.value, 'replace')}>
            {kDirections.map((one) => (
              <option key={one} value={one}>
                {t(`way.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('depth')}
          <select className="tk-input" value={steps} onChange={(e) => setDepth(e.target.value, 'replace')}>
            {kDepths.map((one) => (
              <option key={one} value={one}>
                {t('steps', { count: one })}
              </option>
            ))}
          </select>
        </label>
        <Legend />
      </div>
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {asked.isPending && <Skeleton lines={6} />}
      {asked.data && <Drawn seen={asked.data} />}
    </div>
  );
}

function Legend(): ReactNode {
  const { t } = useTranslation('contacts');
  return (
    <ul className="ct-legend">
      {(['strong', 'middle', 'weak', 'plain', 'unseen'] as const).map((look) => (
        <li key={look}>
          <i data-look={look} aria-hidden="true" />
          {t(`look.${look}`)}
        </li>
      ))}
    </ul>
  );
}

/** Where a node leads: to the case, else to how he is observed. */
const opened = (node: ChainNode): string | undefined => node.case ?? node.watch;

function Drawn({ seen }: { seen: Seen }): ReactNode {
  const { t } = useTranslation('contacts');
  const person = usePersonText();
  const generation = useGeneration();
  const [chosen, setChosen] = useState<number | null>(null);
  const { chain, people } = seen;
  const name = (node: ChainNode): string => (node.hidden ? t('look.unseen') : node.kind === 'event' ? t('event') : person(people.get(idOf('Patient', node.patient) ?? '') ?? null));
  const what = (node: ChainNode): string =>
    node.kind === 'case' ? [node.form && t(`form.${node.form}`), node.onset && t('onsetOf', { day: node.onset.slice(5) })].filter(Boolean).join(' ') : node.kind === 'contact' && node.state ? t(`watchState.${node.state}`) : '';
  const nodes = useMemo<DrawnNode[]>(() => chain.nodes.map((n) => ({ id: n.node, generation: n.generation, title: name(n), sub: what(n), look: lookOf(n), root: n.node === 0 })), [chain, people]);
  const edges = useMemo<DrawnEdge[]>(() => chain.edges.map((e) => ({ from: e.from, to: e.to, weak: e.hidden || e.certainty === 'possible' })), [chain]);
  if (chain.edges.length === 0) return <p className="tk-sub">{t('noChain')}</p>;
  const byNumber = new Map(chain.nodes.map((n) => [n.node, n]));
  const title = (n: number): string => name(byNumber.get(n) ?? { node: n, generation: 0, hidden: true });
  return (
    <div className="ct-drawn">
      <Graph label={t('graph.label', { ns: 'parts', people: nodes.length, links: edges.length })} nodes={nodes} edges={edges} chosen={chosen} onChoose={setChosen} />
      <div className="ct-beside">
        {chosen !== null && byNumber.get(chosen) && <Chosen node={byNumber.get(chosen) as ChainNode} name={title(chosen)} what={what(byNumber.get(chosen) as ChainNode)} />}
        <table className="cs-rows">
          <caption>{t('allExposures', { total: chain.edges.length })}</caption>
          <thead>
            <tr>
              <th>{t('col.from')}</th>
              <th>{t('col.contact')}</th>
              <th>{t('col.how')}</th>
              <th>{t('col.serial')}</th>
            </tr>
          </thead>
          <tbody>
            {chain.edges.map((edge, i) => (
              <tr key={i} data-near={chosen !== null && (edge.from === chosen || edge.to === chosen)}>
                <td>{title(edge.from)}</td>
                <th scope="row">
                  <button type="button" className="cs-link" aria-pressed={edge.to === chosen} onClick={() => setChosen(edge.to)}>
                    {title(edge.to)}
                  </button>
                  <span className="tk-sub"> {generation(byNumber.get(edge.to)?.generation ?? 0)}</span>
                </th>
                <td>{edge.hidden ? t('hidden') : [t(`kind.${edge.kind}`), [edge.first?.slice(5), edge.last?.slice(5)].filter(Boolean).join(t('to')), edge.setting && t(`setting.${edge.setting}`)].filter(Boolean).join('　')}</td>
                <td>{edge.serialIntervalDays === undefined ? '' : t('days', { count: edge.serialIntervalDays })}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Chosen({ node, name, what }: { node: ChainNode; name: string; what: string }): ReactNode {
  const { t } = useTranslation('contacts');
  const generation = useGeneration();
  const to = opened(node);
  return (
    <p className="ct-chosen" role="status">
      <b>{name}</b> {what} <span className="tk-sub">{generation(node.generation)}</span>
      <span className="tk-grow" />
      {to && <RecordLink to={to} part="chain">{t('open')}</RecordLink>}
      {!to && node.hidden && <span className="tk-sub">{t('hiddenHint')}</span>}
    </p>
  );
}
