// What is short in the emergency stores: how many items of how many, and each with what there is and what must be there.
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Failed, Skeleton } from '@tk/components/states';
import { asFailure } from '@tk/fhir/http';
import { useLive } from '@tk/live/use_live';
import { may, useSession } from '@tk/shell/session';
import { askShort, type StockItem } from './situation_ask';

const kLiveTypes = ['StockItem'] as const;
const kWidth = 120;

export function Short(): ReactNode {
  const { t } = useTranslation('situation');
  const mayRead = may(useSession(), 'read', 'StockItem');
  const asked = useQuery({ queryKey: ['situation', 'short'], enabled: mayRead, queryFn: ({ signal }) => askShort(signal) });
  return (
    <section className="st-panel" aria-labelledby="st-short">
      <h2 id="st-short">
        {t('short.title')} {asked.data && asked.data.of > 0 && <small>{t('short.count', { count: asked.data.count, of: asked.data.of })}</small>}
      </h2>
      {mayRead ? <Listen again={() => void asked.refetch()} /> : <p className="tk-sub">{t('short.mayNot')}</p>}
      {asked.error && <Failed failure={asFailure(asked.error)} onRetry={() => void asked.refetch()} />}
      {mayRead && asked.isPending && !asked.error && <Skeleton lines={2} />}
      {asked.data === null && <p className="tk-sub">{t('short.noApp')}</p>}
      {asked.data && asked.data.count === 0 && <p className="tk-sub">{t(asked.data.of === 0 ? 'short.noItems' : 'short.none')}</p>}
      {asked.data && asked.data.items.length > 0 && (
        <ul className="st-rows">
          {asked.data.items.map((item) => (
            <Item key={item.id} item={item} />
          ))}
        </ul>
      )}
    </section>
  );
}

/** Hears of stock only where the post may: the stream would refuse the type. */
function Listen({ again }: { again: () => void }): ReactNode {
  useLive(kLiveTypes, { onChange: again, onSync: again });
  return null;
}

function Item({ item }: { item: StockItem }): ReactNode {
  const { t } = useTranslation('situation');
  const have = item.onHand ?? 0;
  const least = item.minimum ?? 0;
  const share = least > 0 ? Math.min(1, Math.max(0, have / least)) : 1;
  return (
    <li>
      <span className="st-item">{item.name}</span>
      <svg className="st-stock" width={kWidth} height="10" viewBox={`0 0 ${kWidth} 10`} aria-hidden="true">
        <rect className="st-least" x="0.5" y="0.5" width={kWidth - 1} height="9" />
        <rect className="st-have" width={kWidth * share} height="10" />
      </svg>
      <span className="tk-grow st-num">{t('short.item', { have, least, unit: item.unit ?? '' })}</span>
    </li>
  );
}
